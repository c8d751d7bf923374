import { describe, expect, it } from 'vitest'
import { Awareness } from 'y-protocols/awareness'
import type { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { spokenRoom } from './fixtures'
import { RoomDocument } from './room_document'

function opened() {
  const at = spokenRoom()
  const doc = new Y.Doc()
  const provider = { messageHandlers: {}, on: () => undefined, doc, awareness: new Awareness(doc), wsconnected: false, ws: null, roomname: 'plan', synced: false }
  const link = at.room.add(provider as unknown as WebsocketProvider, { name: 'plan', id: 'plan' })
  let ended = 0
  const document = new RoomDocument(at.room, link, () => {
    ended += 1
    at.room.drop(link)
  })
  provider.awareness.destroy()
  return { ...at, provider, link, document, ended: () => ended }
}

describe('a document of an open room', () => {
  it('is here once the server has sent it', async () => {
    const { room, provider, document } = opened()
    await expect(document.synced(5)).rejects.toMatchObject({ code: 'late' })
    const coming = document.synced(1_000)
    provider.synced = true
    room.changed()
    await coming
    expect([document.name, document.doc === provider.doc]).toEqual(['plan', true])
  })

  it('is saved once a record says that what was written here is durable', async () => {
    const { document, record } = opened()
    await document.saved()
    document.text.insert(0, 'word')
    await expect(document.saved(5)).rejects.toMatchObject({ code: 'late' })
    const coming = document.saved()
    record('update', 'Ana', { doc: 'plan', ins: [[document.doc.clientID, 0, 4]] })
    await coming
  })

  it('has caught up once it shows what the records told of', async () => {
    const { room, document, record } = opened()
    record('update', 'Ben', { doc: 'plan', ins: [[70_000, 0, 2]] })
    await expect(document.caughtUp(5)).rejects.toMatchObject({ code: 'late' })
    const coming = document.caughtUp()
    const other = new Y.Doc()
    other.clientID = 70_000
    other.getText('content').insert(0, 'hi')
    Y.applyUpdate(document.doc, Y.encodeStateAsUpdate(other))
    room.linkHeard()
    await coming
    expect(document.text.toString()).toBe('hi')
  })

  it.each([
    ['deleted', 'document_deleted', ({ link }: ReturnType<typeof opened>) => (link.away = { how: 'deleted', actor: 'Olga' })],
    ['closed for good', 'not_found', ({ link }: ReturnType<typeof opened>) => (link.ended = { code: 4404, reason: '' })],
    ['refused', 'document_read_only', ({ link }: ReturnType<typeof opened>) => (link.here.voided = true)],
    ['closed here', 'closed', ({ document }: ReturnType<typeof opened>) => document.close()],
    ['in a room that is over', 'unauthenticated', ({ close }: ReturnType<typeof opened>) => close(4401)],
  ])('tells whoever waits that it was %s', async (_, code, happens) => {
    const at = opened()
    const coming = at.document.synced(1_000)
    happens(at)
    at.room.changed()
    await expect(coming).rejects.toMatchObject({ code })
  })

  it('gives a range of its words as a scope, by its own name', () => {
    const { document } = opened()
    document.text.insert(0, 'walk, talks')
    expect(document.range(0, 4)).toMatchObject({ doc: 'plan', quote: 'walk' })
    for (const [from, to] of [[-1, 2], [3, 2], [0, 12], [NaN, 2]] as const) expect(() => document.range(from, to)).toThrow(expect.objectContaining({ code: 'bad_option' }))
  })
})
