import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { describe, expect, it } from 'vitest'
import { messageYjsSyncStep1, writeSyncStep1, writeUpdate } from 'y-protocols/sync'
import type { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { DocumentLink, type LinkHost } from './document_link'
import type { Refused } from './refused'
import type { Hello, ServerMessage } from './wire'

type Handler = (encoder: encoding.Encoder, decoder: decoding.Decoder, ...more: unknown[]) => void

/** A document on a provider without a network, the room that it belongs to, and what both have heard. */
function link(greeting: Hello | null = { type: 'hello', lane: 'L', secret: 's', follow: false }) {
  const doc = new Y.Doc()
  const listeners: Record<string, (value: never) => void> = {}
  const sent: [number, unknown][] = []
  const calls: string[] = []
  const socket = () => ({
    readyState: 1,
    send: (frame: Uint8Array) => {
      const decoder = decoding.createDecoder(frame)
      const type = decoding.readVarUint(decoder)
      sent.push([type, type === 100 ? JSON.parse(new TextDecoder().decode(decoding.readVarUint8Array(decoder))) : decoding.readVarUint(decoder)])
    },
  })
  const take: Handler = (_encoder, decoder) => {
    if (decoding.readVarUint(decoder) !== messageYjsSyncStep1) Y.applyUpdate(doc, decoding.readVarUint8Array(decoder), provider)
  }
  const handlers: Record<number, Handler> = { 0: take }
  const provider = {
    messageHandlers: handlers, doc, ws: socket() as unknown, wsconnected: false, synced: true, roomname: 'plan', url: 'u',
    on: (name: string, listener: (value: never) => void) => void (listeners[name] = listener),
    awareness: { getLocalState: () => null, setLocalState: () => undefined },
    connect: () => calls.push('connect'), disconnect: () => calls.push('disconnect'),
  }
  const told: ServerMessage[] = []
  const refused: Refused[] = []
  const host = { greeting, wrote: 0 }
  const room: LinkHost = {
    greeting: () => host.greeting,
    changed: () => undefined,
    refused: (what) => void refused.push(what),
    linkConnected: () => undefined,
    linkClosed: () => undefined,
    linkTold: (_, message) => void told.push(message),
    linkHeard: () => undefined,
    linkWrote: () => void (host.wrote += 1),
  }
  const made = new DocumentLink(provider as unknown as WebsocketProvider, { name: 'plan', id: 'plan', isKept: (origin) => origin === 'kept' }, room)
  const hear = (write: (encoder: encoding.Encoder) => void) => {
    const encoder = encoding.createEncoder()
    write(encoder)
    handlers[0]!(encoding.createEncoder(), decoding.createDecoder(encoding.toUint8Array(encoder)))
  }
  const tell = (message: object) => {
    const encoder = encoding.createEncoder()
    encoding.writeVarUint8Array(encoder, new TextEncoder().encode(JSON.stringify(message)))
    handlers[100]!(encoder, decoding.createDecoder(encoding.toUint8Array(encoder)))
  }
  const open = () => {
    provider.ws = socket()
    listeners['status']!({ status: 'connected' } as never)
  }
  const close = (code: number, reason = '') => {
    listeners['connection-close']!({ code, reason } as never)
    listeners['status']!({ status: 'disconnected' } as never)
  }
  return { link: made, doc, text: doc.getText('content'), provider, host, sent, calls, told, refused, hear, tell, open, close }
}

describe('the socket of a document', () => {
  it('joins the room’s lane as it opens', () => {
    const at = link()
    at.open()
    expect(at.sent).toEqual([[100, { type: 'hello', lane: 'L', secret: 's', follow: false }]])
    at.tell({ type: 'welcome', lane: 'L', secret: 's', n: 0, seq: 1, epoch: 1, actor: 'Ana', role: 'commenter', server: '' })
    expect([at.link.welcomed, at.link.here.role]).toEqual([true, 'commenter'])
  })

  it('that opened before there was a lane joins it later, and brings all that the server had not', () => {
    const at = link(null)
    at.open()
    expect(at.sent).toEqual([])
    at.host.greeting = { type: 'hello', lane: 'L', secret: 's', follow: false }
    at.link.join()
    expect(at.sent).toEqual([[100, at.host.greeting], [0, 1]])
    expect(at.link.need().sent).toBe(1)
    at.link.join()
    expect(at.sent).toHaveLength(2)
  })

  it('begins anew where the room has another lane', () => {
    const at = link()
    at.open()
    at.host.greeting = { type: 'hello', lane: 'L2', secret: 't', follow: false }
    at.link.join()
    expect(at.calls).toEqual(['disconnect', 'connect'])
  })

  it('counts what it has sent, from nothing on each', () => {
    const at = link()
    at.open()
    at.provider.ws = at.link.provider.ws
    const update = encoding.createEncoder()
    encoding.writeVarUint(update, 0)
    writeUpdate(update, Y.encodeStateAsUpdate(at.doc))
    ;(at.provider.ws as WebSocket).send(encoding.toUint8Array(update) as never)
    expect(at.link.need().sent).toBe(1)
    at.open()
    expect(at.link.need().sent).toBe(0)
  })
})

describe('edits', () => {
  it('are not saved until the log has them', () => {
    const at = link()
    at.text.insert(0, 'hello')
    expect([at.link.unsaved, at.host.wrote]).toEqual([true, 1])
    const record = (ins: [number, number, number][]) =>
      ({ type: 'record', seq: 1, epoch: 1, kind: 'update', at: '', actor: 'Ana', prev: '', hash: '', body: { doc: 'plan', lane: 'L', first: 1, last: 1, count: 1, size: 1, sha: '', ins } }) as const
    at.link.onRecord(record([[at.doc.clientID, 0, 2]]))
    expect(at.link.unsaved).toBe(true)
    at.link.onRecord(record([[at.doc.clientID, 2, 5]]))
    expect(at.link.unsaved).toBe(false)
  })

  it('are saved where the server says that it has them', () => {
    const at = link()
    at.text.insert(0, 'hello')
    at.hear((encoder) => writeSyncStep1(encoder, at.doc))
    expect(at.link.unsaved).toBe(false)
  })

  it('of others are nobody’s to save here, nor is what this browser has kept as saved', () => {
    const at = link()
    const other = new Y.Doc()
    other.getText('content').insert(0, 'theirs')
    at.hear((encoder) => writeUpdate(encoder, Y.encodeStateAsUpdate(other)))
    const kept = new Y.Doc()
    kept.getText('content').insert(0, 'kept')
    Y.applyUpdate(at.doc, Y.encodeStateAsUpdate(kept), 'kept')
    expect([at.text.length, at.link.unsaved]).toEqual([10, false])
  })

  it('show whether a record’s are here', () => {
    const at = link()
    const commit = (end: number) =>
      ({ type: 'record', seq: 1, epoch: 1, kind: 'commit', at: '', actor: 'agent', prev: '', hash: '', body: { docs: { plan: { ins: [[7, 0, end]] }, other: { ins: [[8, 0, 9]] } } } }) as never
    const agent = new Y.Doc()
    agent.clientID = 7
    agent.getText('content').insert(0, 'done')
    expect(at.link.holds(commit(4))).toBe(false)
    Y.applyUpdate(at.doc, Y.encodeStateAsUpdate(agent), at.provider)
    expect([at.link.holds(commit(4)), at.link.holds(commit(5))]).toEqual([true, false])
    at.close(4413)
    expect(at.link.holds(commit(5))).toBe(true)
  })
})

describe('a close', () => {
  it('that puts the document away keeps what was typed, and can be come back from', () => {
    const at = link()
    at.open()
    at.close(4412)
    expect([at.link.away, at.link.ended, at.link.lost]).toEqual([{ how: 'archived', actor: '' }, null, true])
    at.link.comeBack()
    expect([at.link.away, at.calls]).toEqual([null, ['connect']])
  })

  it('that is final says why, and another connection takes that back', () => {
    const at = link()
    at.open()
    at.close(4401, 'unauthenticated: ended')
    expect([at.link.ended, at.link.isReady]).toEqual([{ code: 4401, reason: 'unauthenticated: ended' }, true])
    at.open()
    expect([at.link.ended, at.link.lost]).toEqual([null, false])
  })

  it('for a frame that is too large is not answered with the same frame for ever', async () => {
    const at = link()
    at.open()
    for (let time = 0; time < 3; time += 1) at.close(1009, 'too_large: 9 MB')
    await Promise.resolve()
    expect([at.calls, at.refused]).toMatchObject([['disconnect'], [{ what: 'frame', document: 'plan', code: 'too_large' }]])
  })
})

describe('the document as a whole', () => {
  it('goes on under another name', () => {
    const at = link()
    at.link.onDocument({ type: 'document', id: 'plan', do: 'rename', was: 'plan', name: 'schedule', actor: 'Olga' } as never)
    expect([at.link.name, at.provider.roomname, at.link.is('plan')]).toEqual(['schedule', 'schedule', true])
  })
})
