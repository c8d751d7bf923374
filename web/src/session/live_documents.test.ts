import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { storeOf } from '../client/fixtures'
import { plainText } from '../client/plain_text'
import { Room } from '../client/room'
import type { OpenDocument } from '../page/open_document'
import { Aside } from './aside'
import { cupboardOf, SilentSocket, until } from './fixtures'
import { ALIVE_MAX, LiveDocuments } from './live_documents'
import { Shelf } from './shelf'

let at = 0
beforeEach(() => {
  at += 1
  SilentSocket.install()
})

function pages(cupboard = cupboardOf(), tab = 't1') {
  const browser = `browser ${at}`
  const shelf = new Shelf(cupboard, 'demo', 'Ana')
  const room = new Room({ store: storeOf(), key: 'lane' })
  const aside = new Aside(shelf)
  const documents = new LiveDocuments({
    room, shelf, aside, tab, socketUrl: 'ws://here/ws/demo', protocols: () => ['folkmoot'],
    database: (id) => `${browser}:${id}`, user: () => ({ name: 'Ana' }), role: () => 'editor', host: new EventTarget(), now: () => 5,
  })
  return { room, shelf, aside, documents, cupboard }
}
const named = (id: string): OpenDocument => ({ id, name: id, kind: 'text' })
const write = (live: { provider: { doc: Y.Doc } }, text: string) => live.provider.doc.getText('content').insert(0, text)

describe('documents that are alive', () => {
  it('stay alive behind the one that is shown, with what was typed', () => {
    const { documents, room } = pages()
    const plan = documents.open(named('plan'))
    write(plan, 'half')
    documents.open(named('budget'))
    expect(room.doc).toBe('budget')
    expect(documents.open(named('plan'))).toBe(plan)
    expect([room.doc, plainText(plan.provider.doc), room.links.length]).toEqual(['plan', 'half', 2])
  })

  it('that are only kept alive are not the one that is shown', () => {
    const { documents, room } = pages()
    documents.open(named('plan'))
    documents.wake(named('left unsaved elsewhere'))
    expect([room.doc, documents.all.at(-1)?.id, room.links.length]).toEqual(['plan', 'plan', 2])
  })

  it('are at most so many, but none with edits that are not saved goes', async () => {
    const { documents } = pages()
    write(documents.open(named('written')), 'x')
    for (let count = 0; count < ALIVE_MAX + 3; count += 1) {
      const live = documents.open(named(`d${count}`))
      await until(() => live.isLoaded)
    }
    const ids = documents.all.map(({ id }) => id)
    expect(ids).toHaveLength(ALIVE_MAX)
    expect([ids.includes('written'), ids.at(-1), ids.includes('d0')]).toEqual([true, `d${ALIVE_MAX + 2}`, false])
  })

  it('are there again on the next page, and known to be not saved', async () => {
    const first = pages()
    const live = first.documents.open(named('plan'))
    await until(() => live.isLoaded)
    write(live, 'typed offline')
    expect(first.documents.unsavedIds()).toEqual(['plan'])
    await new Promise((resolve) => setTimeout(resolve, 50))
    const next = pages(first.cupboard, 't2')
    const again = next.documents.open(named('plan'))
    await until(() => again.isLoaded)
    expect([plainText(again.provider.doc), again.link.unsaved]).toEqual(['typed offline', true])
  })

  it('are known as saved again once the server has them', async () => {
    const { documents, room } = pages()
    const live = documents.open(named('plan'))
    await until(() => live.isLoaded)
    write(live, 'x')
    live.provider.synced = true
    live.link.pending.reached(new Map([[live.provider.doc.clientID, 1]]))
    room.changed()
    await until(() => documents.unsavedIds().length === 0)
  })
})

describe('what was refused', () => {
  it('is set aside, and what everybody has stands in its place', async () => {
    const { documents, room, aside } = pages()
    const live = documents.open(named('plan'))
    await until(() => live.isLoaded)
    write(live, 'not allowed')
    live.link.here.voided = true
    live.link.here.reason = 'read-only'
    room.changed()
    await until(() => documents.all.at(-1) !== live)
    const fresh = documents.all.at(-1)!
    expect([fresh.replica, room.shown === fresh.link, plainText(fresh.provider.doc)]).toEqual([1, true, ''])
    fresh.provider.synced = true
    expect(aside.edits).toMatchObject([{ doc: 'plan', lines: ['not allowed'], why: 'read-only' }])
    expect(documents.unsavedIds()).toEqual([])
  })

  it('of a document that is gone, and that nobody looks at, is set aside as well', async () => {
    const { documents, room, aside } = pages()
    const live = documents.open(named('plan'))
    await until(() => live.isLoaded)
    write(live, 'mine')
    documents.open(named('other'))
    live.link.away = { how: 'deleted', actor: 'Olga' }
    room.changed()
    await until(() => aside.edits.length > 0)
    expect([aside.edits[0]?.why, documents.all.map(({ id }) => id)]).toEqual(['It was deleted.', ['other']])
  })
})
