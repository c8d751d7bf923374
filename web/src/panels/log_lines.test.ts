import { describe as group, expect, it } from 'vitest'
import { recordOf, viewOf } from '../client/fixtures'
import type { Bodies, RecordKind } from '../client/wire'
import { describe, logLines } from './log_lines'

const log = { intents: new Map([['i1', viewOf('i1', { actor: 'Ana' })], ['i2', viewOf('i2', { actor: 'Ben' })], ['a1', viewOf('a1', { kind: 'answer' })]]) }
const said = <Kind extends RecordKind>(kind: Kind, body: Partial<Bodies[Kind]>, by = 'Ana') => describe(recordOf(1, kind, by, body), log)

group('the log in words', () => {
  it('says who edited, asked and acted', () => {
    expect(said('update', { doc: 'plan' })).toBe('Ana edited plan')
    expect(said('intent', { kind: 'do', text: 'make it short' })).toBe('Ana asked: make it short')
    expect(said('intent', { kind: 'override', refs: ['i1'], text: 'no' })).toBe('Ana: override i1 no')
    expect(said('intent', { kind: 'cancel', text: '', value: 'all' })).toBe('Ana: cancel  all')
    expect(said('config', { documents: { plan: 'text', budget: 'data' } })).toBe('Ana made plan, budget')
  })

  it('says what the agent did, for whom by name where the page knows them', () => {
    expect(said('plan', { intents: ['i1', 'i9'], summary: 'Adds a line.' })).toBe('The agent planned for Ana, i9: Adds a line.')
    expect(said('commit', { summary: 'Added a line.' })).toBe('The agent wrote: Added a line.')
    expect(said('verdict', { intent: 'i2', state: 'done', reason: 'Added.' })).toBe('Ben’s instruction: done. Added.')
    expect(said('oracle', { oracle: 'tool_refused', tool: 'set', reason: 'no' })).toBe('Refused to the model: set — no')
    expect(said('oracle', { oracle: 'steered', source: 'i2', intent: 'i1' })).toBe('Ben added to Ana’s instruction')
    expect(said('oracle', { oracle: 'planner_failed', reason: 'It is late.' })).toBe('The agent: It is late.')
    expect(said('oracle', { oracle: 'question', question: { id: 'q', group: [], text: 'Which?', options: [], deadline: 0, default: '' } })).toBe('The agent asks: Which?')
  })

  it('says what was done with documents as a whole, and calls them as they are called', () => {
    const acts = [{ do: 'rename', doc: 'plan', name: 'schedule', was: 'plan' }, { do: 'delete', doc: 'budget/_9' }] as const
    expect(said('config', { acts: [...acts] })).toBe('Ana renamed plan to schedule; Ana deleted budget')
    expect(said('config', { acts: [{ do: 'restore', doc: 'plan', name: 'old', was: 'plan' }] })).toBe('Ana restored plan as old')
    expect(said('config', { acts: [...acts], commit: 'c9' })).toBe('')
    expect(said('config', { rights: { plan: [{ role: 'viewer', group: 'agent' }] } })).toBe('Ana ruled: plan: The agent may only read')
    expect(said('config', { documents: { 'plan/_9': 'text' } })).toBe('Ana made plan')
    expect(describe(recordOf(1, 'update', 'Ana', { doc: 'plan' }), { ...log, names: new Map([['plan', 'schedule']]) })).toBe('Ana edited schedule')
  })

  it('tells a question from a decision, and an answer by its verdict alone', () => {
    expect(said('decision', { policy: 'ask@1', reason: 'Both at once.', question: { id: 'q', group: [], text: '', options: [], deadline: 0, default: '' } })).toBe('Asked: Both at once.')
    expect(said('decision', { policy: 'fair@1', reason: 'First come.' })).toBe('Decided (fair@1): First come.')
    expect(said('intent', { kind: 'answer', text: '', value: 'i1' })).toBe('')
    expect(said('verdict', { intent: 'a1', state: 'done', reason: 'Ana chose Ben’s.' })).toBe('Ana chose Ben’s.')
  })

  it('says who stopped the agent, how far and why, and who let it go on', () => {
    expect(said('config', { switch: { scope: 'workspace', on: true, reason: 'look' } })).toBe('Ana stopped the agent: look')
    expect(said('config', { switch: { scope: 'server', on: true } })).toBe('Ana stopped the agent on the whole server')
    expect(said('config', { switch: { scope: 'server', on: false, reason: 'look' } })).toBe('Ana let the agent go on on the whole server')
  })

  it('is silent about calls, timers, checkpoints and settings', () => {
    const closed = { call: 'k1', outcome: 'ok' } as const
    expect([said('oracle', { oracle: 'call_closed', closed, reason: 'x' }), said('oracle', { oracle: 'timer' }), said('checkpoint', {}), said('config', { name: 'x' }), said('effect', {})]).toEqual(['', '', '', '', ''])
  })

  it('shows the last eighty of those that say something, newest first', () => {
    const records = Array.from({ length: 300 }, (_, at) => (at % 2 ? recordOf(at, 'update', 'Ana', { doc: 'plan' }) : recordOf(at, 'checkpoint', '', {})))
    const shown = logLines(records, log)
    expect([shown.length, shown[0]!.record.seq, shown.at(-1)!.record.seq]).toEqual([80, 299, 141])
  })
})
