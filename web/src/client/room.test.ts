import * as decoding from 'lib0/decoding'
import { describe, expect, it } from 'vitest'
import { Awareness } from 'y-protocols/awareness'
import type { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { questionOf, silentRoom, storeOf, teller } from './fixtures'
import { attach } from './attach'
import type { Refused } from './refused'
import type { QuestionMessage, Role } from './wire'

/** A room that knows two instructions, and how to ask about them. */
function room(actor: string, role: Role) {
  const at = silentRoom(actor, role)
  at.intent('i1', 'Ana', 'editor')
  at.intent('i2', 'Ida', 'commenter')
  const ask = (policy: string): QuestionMessage => {
    const question = questionOf(`q${at.seq()}`, ['i1', 'i2'])
    at.record('decision', 'agent', { decision: 'd', group: question.group, policy, layer: 'L2', reason: '', outcome: {}, question })
    at.tell(question)
    return question
  }
  return { ...at, ask }
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

describe('a document as a whole', () => {
  const told = { type: 'document', id: 'plan', was: 'plan', name: 'schedule', actor: 'Olga' }

  it('goes on under its new name, also where it was opened by its old one', () => {
    const { room: page, tell } = room('Eve', 'editor')
    tell({ ...told, id: 'other', was: 'other', do: 'rename' })
    expect(page.doc).toBe('plan')
    tell({ ...told, do: 'rename' })
    expect([page.doc, page.provider.roomname, page.away]).toEqual(['schedule', 'schedule', null])
  })

  it('is over with a name to it where it was deleted, and begins again', () => {
    const { room: page, tell } = room('Eve', 'editor')
    tell({ ...told, name: 'plan', do: 'delete' })
    expect(page.away).toEqual({ how: 'deleted', actor: 'Olga' })
    let connected = 0
    Object.assign(page.provider, { connect: () => (connected += 1) })
    page.comeBack()
    expect([page.away, connected]).toEqual([null, 1])
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
    doc: new Y.Doc(), wsconnected: false, synced: true, ws: socket(), roomname: 'plan', url: 'u',
    awareness: { getLocalState: () => null, setLocalState: () => undefined },
    connect: () => calls.push('connect'), disconnect: () => calls.push('disconnect'),
  }
  const kept = store ?? new Map<string, string>()
  const made = attach(provider as unknown as WebsocketProvider, {
    store: storeOf(kept),
  })
  const tell = teller(handlers)
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
  it('is cut so in a scope', () => {
    const at = connected()
    const text = at.room.provider.doc.getText('content')
    text.insert(0, `${'x'.repeat(499)}😀!`)
    expect(at.room.range(text, 0, 502).quote).toBe('x'.repeat(499))
  })
})

describe('a page that comes late', () => {
  const begun = { seq: 3, at: '', actor: 'Cleo', body: { id: 'i3', lane: 'C', n: 1, kind: 'do', text: 'long ago', seen: 0, vc: {}, role: 'editor' } }
  const board = { type: 'board', whole: true, questions: [], drafts: [], composing: [] }

  it('shows what began before its part of the log, and where it stands', () => {
    const { room: late, tell } = room('Ana', 'editor')
    tell({ ...board, intents: [{ id: 'i3', state: 'held', reason: 'asked', waits_for: ['i1'], begun }, { id: 'i1', state: 'planning', steps: ['Reads.', 'Writes.'] }] })
    expect(late.intents.get('i3')).toMatchObject({ actor: 'Cleo', text: 'long ago', state: 'held', reason: 'asked', waitsFor: ['i1'] })
    expect(late.intents.get('i1')!.state).toBe('planning')
    expect(late.steps.get('i1')).toEqual(['Reads.', 'Writes.'])
  })

  it('keeps how something ended whose beginning it learns afterwards', () => {
    const { room: late, record, tell } = room('Ana', 'editor')
    record('verdict', 'agent', { intent: 'i3', state: 'done', code: 'done', reason: 'It is done.', commit: 'c9' })
    tell({ ...board, intents: [{ id: 'i3', state: 'done', reason: 'It is done.', begun }] })
    expect(late.intents.get('i3')).toMatchObject({ state: 'done', verdict: { commit: 'c9' }, text: 'long ago' })
  })

  it('knows who has answered, who may, and what is not asked any more', () => {
    const { room: late, ask, tell } = room('Ana', 'editor')
    const gone = ask('ask@1')
    const open = ask('ask@1')
    tell({ ...board, intents: [], questions: [{ id: open.id, policy: 'vote@1', layer: 'L2', answers: { Ida: 'i1' } }] })
    expect([...late.questions.keys()]).toEqual([open.id])
    expect(late.questions.has(gone.id)).toBe(false)
    expect([...late.answers.get(open.id)!]).toEqual([['Ida', 'i1']])
    tell({ type: 'closed', id: open.id })
    expect(late.questions.size + late.answers.size).toBe(0)
  })

  it('takes the rest of a long board as more of it', () => {
    const { room: late, ask, tell } = room('Ana', 'editor')
    const open = ask('ask@1')
    tell({ ...board, intents: [], questions: [{ id: open.id, policy: 'ask@1', layer: 'L2', answers: {} }] })
    tell({ ...board, whole: false, intents: [{ id: 'i3', state: 'queued', begun }] })
    expect(late.questions.size).toBe(1)
    expect(late.intents.has('i3')).toBe(true)
  })
})
