import * as encoding from 'lib0/encoding'
import * as decoding from 'lib0/decoding'
import { describe, expect, it } from 'vitest'
import type { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { Inbox } from './inbox'
import { attach } from './room'
import type { InboxEntry, InboxMessage } from './wire'

const entry = (id: string, verdict: object = {}): InboxEntry => ({
  id,
  seq: 1,
  at: '',
  kind: 'do',
  text: id,
  refs: [],
  verdict: { intent: id, state: 'rejected', code: 'planner', reason: '', ...verdict },
  verdict_seq: 9,
  undone_by: '',
})
const whole = (ids: string[], more = 0): InboxMessage => ({ type: 'inbox', intents: ids.map((id) => entry(id)), more, whole: true })
const fresh = (one: InboxEntry): InboxMessage => ({ type: 'inbox', intents: [one], more: 0, whole: false })

function inbox(isExpected?: (entry: InboxEntry) => boolean) {
  const sent: string[][] = []
  const made = new Inbox((ids) => void sent.push(ids), isExpected)
  return { made, sent, waiting: () => made.waiting.map((one) => one.id) }
}

describe('an inbox', () => {
  it('is what the server says, with what has just ended in front, once', () => {
    const at = inbox()
    at.made.take(whole(['i2', 'i1'], 7))
    at.made.take(fresh(entry('i3')))
    at.made.take(fresh(entry('i3')))
    expect([at.waiting(), at.made.more]).toEqual([['i3', 'i2', 'i1'], 7])
    at.made.take(whole(['i3']))
    expect([at.waiting(), at.made.more]).toEqual([['i3'], 0])
  })

  it('forgets at once what was acknowledged, and an answer that crossed does not bring it back', () => {
    const at = inbox()
    at.made.take(whole(['i2', 'i1']))
    at.made.acknowledge(['i2', 'i2', 'i9'])
    expect([at.waiting(), at.sent]).toEqual([['i1'], [['i2']]])
    at.made.take(whole(['i2', 'i1']))
    expect(at.waiting()).toEqual(['i1'])
    at.made.acknowledge(['i2'])
    expect(at.sent).toEqual([['i2']])
  })

  it('says again after a lost connection what the server has not kept, and nothing else', () => {
    const at = inbox()
    at.made.take(whole(['i2', 'i1']))
    at.made.acknowledge(['i2'])
    at.made.again()
    at.made.take(whole(['i1']))
    at.made.again()
    expect(at.sent).toEqual([['i2'], ['i2']])
  })

  it('shows again what the server did not take', () => {
    const at = inbox()
    at.made.take(whole(['i1']))
    at.made.acknowledge(['i1'])
    at.made.refused()
    expect(at.waiting()).toEqual(['i1'])
  })

  it('takes what was expected as read where its author looks, and only what arrives then', () => {
    const at = inbox((one) => one.verdict.state === 'done')
    at.made.take(fresh(entry('i1', { state: 'done' })))
    at.made.isWatched = () => true
    at.made.take(whole(['i1']))
    at.made.take(fresh(entry('i2')))
    at.made.take(fresh(entry('i3', { state: 'done' })))
    expect([at.waiting(), at.sent]).toEqual([['i2', 'i1'], [['i3']]])
  })
})

describe('what is expected in a room', () => {
  const handlers: Record<number, (encoder: unknown, decoder: decoding.Decoder) => void> = {}
  const provider = { messageHandlers: handlers, on: () => undefined, doc: new Y.Doc(), wsconnected: false, ws: null, roomname: 'plan', url: 'u' }
  const room = attach(provider as unknown as WebsocketProvider)
  const tell = (message: object) => {
    const encoder = encoding.createEncoder()
    encoding.writeVarUint8Array(encoder, new TextEncoder().encode(JSON.stringify(message)))
    handlers[100]!(null, decoding.createDecoder(encoding.toUint8Array(encoder)))
  }
  let seq = 0
  const record = (kind: string, by: string, body: object) => tell({ type: 'record', seq: ++seq, epoch: 1, kind, at: '', actor: by, body })
  tell({ type: 'welcome', lane: 'L', secret: 's', n: 0, seq: 0, epoch: 1, actor: 'Ana', role: 'editor', server: '' })
  room.inbox.isWatched = () => true
  for (const [id, by] of [['i1', 'Ana'], ['i2', 'Ana'], ['i3', 'Ana'], ['i4', 'Ana'], ['c1', 'Ana'], ['c2', 'Olga']] as const)
    record('intent', by, { id, lane: by, n: 1, kind: id.startsWith('c') ? 'cancel' : 'do', text: id, seen: 0, vc: {}, role: 'editor' })
  record('plan', 'agent', { intents: ['i1', 'i2'], summary: 'Added it.' })

  it('is done just as planned, or ended by the own hand; a note, or another hand, waits', () => {
    tell(fresh(entry('i1', { state: 'done', code: 'done', reason: 'Added it.' })))
    tell(fresh(entry('i2', { state: 'done', code: 'done', reason: 'Added it. Ben had typed there.' })))
    tell(fresh(entry('i3', { state: 'cancelled', by: 'c1' })))
    tell(fresh(entry('i4', { state: 'cancelled', by: 'c2' })))
    expect(room.inbox.waiting.map((one) => one.id)).toEqual(['i4', 'i2'])
  })
})
