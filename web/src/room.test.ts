import * as encoding from 'lib0/encoding'
import * as decoding from 'lib0/decoding'
import { describe, expect, it } from 'vitest'
import type { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { attach, type Room } from './room'
import type { Question, Role } from './wire'

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
  return { room: made, record, ask }
}

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
