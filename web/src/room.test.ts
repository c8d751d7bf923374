import * as encoding from 'lib0/encoding'
import * as decoding from 'lib0/decoding'
import { describe, expect, it } from 'vitest'
import { Awareness } from 'y-protocols/awareness'
import type { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { attach, type Room } from './room'
import { cut, type Question, type Refused, type Role } from './wire'

/** A room on a provider without a socket, and how to tell it something. */
function room(actor: string, role: Role) {
  const handlers: Record<number, (encoder: unknown, decoder: decoding.Decoder) => void> = {}
  const provider = { messageHandlers: handlers, on: () => undefined, doc: new Y.Doc(), wsconnected: false, ws: null, roomname: 'plan', url: 'u' }
  const made: Room = attach(provider as unknown as WebsocketProvider)
  const tell = (message: object) => {
    const encoder = encoding.createEncoder()
    encoding.writeVarUint8Array(encoder, new TextEncoder().encode(JSON.stringify(message)))
    handlers[100]!(null, decoding.createDecoder(encoding.toUint8Array(encoder)))
  }
  let seq = 0
  const record = (kind: string, by: string, body: object) => tell({ type: 'record', seq: ++seq, epoch: 1, kind, at: '', actor: by, body })
  tell({ type: 'welcome', lane: 'L', secret: 's', n: 0, seq: 0, epoch: 1, actor, role, server: '' })
  const intent = (id: string, by: string, as: Role) => record('intent', by, { id, lane: by, n: 1, kind: 'do', text: id, seen: 0, vc: {}, role: as })
  intent('i1', 'Ana', 'editor')
  intent('i2', 'Ida', 'commenter')
  const ask = (policy: string, layer: string): Question => {
    const question: Question = { id: `q${seq}`, group: ['i1', 'i2'], text: '', options: [], deadline: 9e9, default: '', evidence: {} }
    record('decision', 'agent', { decision: 'd', group: question.group, policy, layer, reason: '', outcome: {}, question })
    tell({ type: 'question', ...question })
    return question
  }
  return { room: made, record, ask, tell }
}

describe('a document that drew an id of the server', () => {
  it('draws again before it writes, and says who it is under the new one', () => {
    const doc = new Y.Doc()
    doc.clientID = 7
    const awareness = new Awareness(doc)
    awareness.setLocalStateField('user', { name: 'Ana' })
    const provider = { messageHandlers: {}, on: () => undefined, doc, awareness, wsconnected: false, ws: null, roomname: 'plan', url: 'u' }
    attach(provider as unknown as WebsocketProvider)
    expect(doc.clientID).toBeGreaterThanOrEqual(65_536)
    expect(awareness.clientID).toBe(doc.clientID)
    expect([...awareness.getStates()]).toEqual([[doc.clientID, { user: { name: 'Ana' } }]])
    awareness.destroy()
  })

  it('keeps it where it has written under it already', () => {
    const doc = new Y.Doc()
    doc.clientID = 7
    doc.getText('content').insert(0, 'x')
    const provider = { messageHandlers: {}, on: () => undefined, doc, wsconnected: false, ws: null, roomname: 'plan', url: 'u' }
    attach(provider as unknown as WebsocketProvider)
    expect(doc.clientID).toBe(7)
  })
})

describe('a stopped agent', () => {
  const stop = { scope: 'workspace', by: 'Ana', since: '2026-01-01T00:00:00Z', reason: 'look', seq: 3 }
  const welcome = { type: 'welcome', lane: 'L', secret: '', n: 0, seq: 3, epoch: 1, actor: 'Eve', role: 'editor', server: '' }

  it('is known by whom at each change, and after a reconnect to a server where it works again', () => {
    const at = room('Eve', 'editor')
    expect(at.room.stops).toEqual([])
    at.tell({ type: 'stops', stops: [stop] })
    expect(at.room.stops).toEqual([stop])
    at.tell({ type: 'stops', stops: [] })
    expect(at.room.stops).toEqual([])
    at.tell({ type: 'stops', stops: [stop] })
    at.tell(welcome)
    expect(at.room.stops).toEqual([])
  })
})

describe('who may answer', () => {
  it('lets everybody vote who may instruct, and nobody else', () => {
    const may = (actor: string, role: Role) => { const at = room(actor, role); return at.room.mayAnswer(at.ask('vote@1', 'L2')) }
    expect([may('Eve', 'commenter'), may('Eve', 'editor'), may('Eve', 'viewer')]).toEqual([true, true, false])
  })

  it('asks the authors, and who stands as high as the highest of them', () => {
    const may = (actor: string, role: Role) => { const at = room(actor, role); return at.room.mayAnswer(at.ask('ask@1', 'L2')) }
    expect([may('Ida', 'commenter'), may('Eve', 'commenter'), may('Eve', 'editor')]).toEqual([true, false, true])
  })

  it('leaves it to who would be replaced whether an override from below may be', () => {
    const may = (actor: string, role: Role) => { const at = room(actor, role); return at.room.mayAnswer(at.ask('rights@1', 'rights')) }
    expect([may('Ida', 'commenter'), may('Ana', 'editor'), may('Eve', 'owner')]).toEqual([false, true, true])
  })
})

describe('what the agent asks about one instruction', () => {
  it('is for its author, or somebody above', () => {
    const may = (actor: string, role: Role) => {
      const at = room(actor, role)
      at.record('oracle', 'agent', { oracle: 'question', intent: 'i1' })
      return at.room.mayAnswer({ id: 'q9', group: ['i1'], text: '', options: [], deadline: 9e9, default: '', evidence: {} })
    }
    expect([may('Ana', 'editor'), may('Eve', 'editor'), may('Ida', 'commenter'), may('Eve', 'owner')]).toEqual([true, false, false, true])
  })
})

describe('who may stop', () => {
  it('is its author, or somebody above', () => {
    const may = (actor: string, role: Role) => { const at = room(actor, role).room; return ['i1', 'i2'].map((id) => at.mayStop(at.intents.get(id)!)) }
    expect(may('Ida', 'commenter')).toEqual([false, true])
    expect(may('Eve', 'editor')).toEqual([false, true])
    expect(may('Eve', 'owner')).toEqual([true, true])
    expect(may('Eve', 'viewer')).toEqual([false, false])
  })
})

describe('what is archived', () => {
  it('leaves the documents', () => {
    const at = room('Eve', 'editor')
    at.record('commit', 'agent', { commit: 'c', intents: ['i1'], created: { 'plan.i1': 'text' } })
    expect([...at.room.documents]).toEqual(['plan.i1'])
    at.record('config', 'agent', { archived: ['plan.i1'] })
    expect([[...at.room.documents], [...at.room.archived]]).toEqual([[], ['plan.i1']])
  })
})

describe('an override', () => {
  it('names what it is in place of, and has seen how that ended', () => {
    const at = room('Eve', 'editor')
    at.record('verdict', 'agent', { intent: 'i1', state: 'overruled', code: 'ask', reason: '', can: ['override'] })
    at.room.override('i1', 'something else')
    expect(at.room.lane.pending[0]).toMatchObject({ kind: 'override', refs: ['i1'], seen: 3, text: 'something else' })
  })
})

describe('a stop with a scope', () => {
  it('names nothing but how far it reaches', () => {
    const at = room('Eve', 'editor')
    at.room.stop('mine')
    at.room.stop('all')
    expect(at.room.lane.pending).toMatchObject([{ kind: 'cancel', value: 'mine' }, { kind: 'cancel', value: 'all' }])
  })
})

describe('a late rival that was settled for', () => {
  it('is shown on what it replaced', () => {
    const at = room('Ana', 'editor')
    at.record('decision', 'agent', { decision: 'd', group: ['i1', 'i2'], policy: 'ask@1', layer: 'L2', reason: '', outcome: { i1: 'replaced', i2: 'run' } })
    expect(at.room.intents.get('i1')!.replacedBy).toBe('i2')
    expect(at.room.intents.get('i2')!.replacedBy).toBeUndefined()
  })
})

/** A room on a provider with a socket that keeps what is sent, and how the server speaks and closes. */
function connected(store?: Map<string, string>) {
  const handlers: Record<number, (encoder: unknown, decoder: decoding.Decoder) => void> = {}
  const listeners: Record<string, (value: unknown) => void> = {}
  const sent: { type: string; n?: number; text?: string; lane?: string }[] = []
  const calls: string[] = []
  const socket = () => ({
    readyState: 1,
    send: (frame: Uint8Array) => {
      const decoder = decoding.createDecoder(frame)
      if (decoding.readVarUint(decoder) === 100) sent.push(JSON.parse(new TextDecoder().decode(decoding.readVarUint8Array(decoder))))
    },
  })
  const provider = {
    messageHandlers: handlers,
    on: (name: string, listener: (value: unknown) => void) => { listeners[name] = listener },
    doc: new Y.Doc(), wsconnected: false, ws: socket(), roomname: 'plan', url: 'u',
    awareness: { getLocalState: () => null, setLocalState: () => undefined },
    connect: () => calls.push('connect'), disconnect: () => calls.push('disconnect'),
  }
  const kept = store ?? new Map<string, string>()
  const made = attach(provider as unknown as WebsocketProvider, {
    store: { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value), removeItem: (key) => void kept.delete(key) },
  })
  const tell = (message: object) => {
    const encoder = encoding.createEncoder()
    encoding.writeVarUint8Array(encoder, new TextEncoder().encode(JSON.stringify(message)))
    handlers[100]!(null, decoding.createDecoder(encoding.toUint8Array(encoder)))
  }
  const open = () => { provider.ws = socket(); listeners['status']!({ status: 'connected' }) }
  const welcome = (n = 0) => tell({ type: 'welcome', lane: 'L', secret: 's', n, seq: 0, epoch: 1, actor: 'Ana', role: 'editor', server: '' })
  const close = async (code: number, reason = '') => {
    listeners['connection-close']!({ code, reason })
    listeners['status']!({ status: 'disconnected' })
    await Promise.resolve()
  }
  const refused: Refused[] = []
  made.on('refused', (one) => refused.push(one))
  const intents = () => sent.filter((one) => one.type === 'intent').map((one) => [one.n, one.text])
  return { room: made, kept, sent, calls, tell, open, welcome, close, refused, intents }
}

describe('what the server refuses', () => {
  it('is set aside, shown, never sent again, and what is behind it goes on under new numbers', () => {
    const at = connected()
    at.open()
    at.welcome()
    for (const text of ['a', 'b', 'c']) at.room.intent(text)
    at.tell({ type: 'nack', n: 1, code: 'malformed', reason: 'odd', remedy: 'write it anew' })
    at.tell({ type: 'nack', n: 2, code: 'gap', reason: '' })
    at.tell({ type: 'nack', n: 3, code: 'gap', reason: '' })
    expect(at.intents()).toEqual([[1, 'a'], [2, 'b'], [3, 'c'], [1, 'b'], [2, 'c']])
    expect(at.refused).toEqual([{ what: 'intent', n: 1, text: 'a', code: 'malformed', reason: 'odd', remedy: 'write it anew' }])
    expect(at.room.lane.pending.map((one) => [one.n, one.text])).toEqual([[1, 'b'], [2, 'c']])
    at.tell({ type: 'ack', n: 1, id: 'i1', seq: 1, state: 'queued' })
    at.tell({ type: 'nack', n: 2, code: 'too_large', reason: 'long' })
    expect(at.room.lane.pending).toEqual([])
    expect(at.refused.map((one) => one.text)).toEqual(['a', 'c'])
    expect(at.room.problems.map((one) => one.text)).toEqual(['a', 'c'])
  })

  it('does not brick a tab when it was kept: after a close that is final, the one it is about is set aside', async () => {
    const before = connected()
    before.open()
    before.welcome()
    before.room.intent('good')
    before.tell({ type: 'ack', n: 1, id: 'i1', seq: 1, state: 'queued' })
    before.room.intent('bad')
    before.room.intent('later')
    const at = connected(before.kept)
    at.open()
    at.welcome(1)
    await at.close(4400, 'malformed: half a character')
    expect(at.refused).toMatchObject([{ what: 'intent', n: 2, text: 'bad', code: 'malformed' }])
    expect(at.calls).toEqual(['connect'])
    at.open()
    at.welcome(1)
    expect(at.intents()).toEqual([[2, 'bad'], [3, 'later'], [2, 'later']])
    const again = connected(at.kept)
    expect(again.room.lane.pending.map((one) => one.text)).toEqual(['later'])
  })

  it('reconnects after a final close only where something was set aside', async () => {
    const at = connected()
    at.open()
    at.welcome()
    await at.close(4400)
    await at.close(4401)
    expect(at.calls).toEqual([])
  })

  it('is told of an edit with its document, once a place, and of a presence without a card', () => {
    const at = connected()
    at.open()
    at.welcome()
    const error = { type: 'error', code: 'nested_too_deep', reason: 'deep', remedy: 'flatter', what: 'edit', document: 'plan' }
    at.tell(error)
    at.tell(error)
    at.tell({ ...error, what: 'presence' })
    expect(at.refused.map((one) => [one.what, one.document, one.code, one.remedy])).toEqual([
      ['edit', 'plan', 'nested_too_deep', 'flatter'], ['edit', 'plan', 'nested_too_deep', 'flatter'], ['presence', 'plan', 'nested_too_deep', 'flatter'],
    ])
    expect(at.room.problems).toHaveLength(1)
  })

  it('stops to send a frame that is too large, and says so', async () => {
    const at = connected()
    for (let turn = 0; turn < 3; turn += 1) {
      at.open()
      await at.close(1009, 'too_large: a frame')
    }
    expect(at.calls).toEqual(['disconnect'])
    expect(at.refused).toMatchObject([{ what: 'frame', document: 'plan', code: 'too_large', reason: 'too_large: a frame' }])
  })

  it('lets go of a kept lane that cannot be read', () => {
    const at = connected(new Map([['folkmoot:u', JSON.stringify({ lane: 'x'.repeat(99), secret: 's', n: 1, seen: 0, pending: [] })]]))
    at.open()
    at.tell({ type: 'error', code: 'malformed', reason: 'no such lane', what: 'message' })
    expect(at.sent.map((one) => [one.type, one.lane])).toEqual([['hello', 'x'.repeat(99)], ['hello', undefined]])
  })
})

describe('a quotation', () => {
  it('never begins or ends inside a character', () => {
    const text = `${'x'.repeat(499)}😀 and the end`
    expect(cut(text, 0, text.length, 500)).toBe('x'.repeat(499))
    expect(cut(text, 0, text.length, 501)).toBe(`${'x'.repeat(499)}😀`)
    expect(cut('a😀b', 2, 4)).toBe('b')
    expect(cut('a😀b', 1, 2)).toBe('')
    expect(cut('a😀b', 0, 2)).toBe('a')
    expect(cut('a😀b', 0, 99)).toBe('a😀b')
  })

  it('is cut so in a scope', () => {
    const at = connected()
    const text = at.room.provider.doc.getText('content')
    text.insert(0, `${'x'.repeat(499)}😀!`)
    expect(at.room.range(text, 0, 502).quote).toBe('x'.repeat(499))
  })
})
