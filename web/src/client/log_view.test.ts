import { describe, expect, it } from 'vitest'
import { questionOf, recordOf } from './fixtures'
import { LogView } from './log_view'
import type { Bodies, BoardMessage, QuestionMessage, RecordKind, Role } from './wire'

/** A log with two instructions, as somebody reads it. */
class Log extends LogView {
  private seq = 0

  constructor(actor: string, role: Role) {
    super()
    this.actor = actor
    this.role = role
    this.intent('i1', 'Ana', 'editor')
    this.intent('i2', 'Ida', 'commenter')
  }

  record<Kind extends RecordKind>(kind: Kind, body: Partial<Bodies[Kind]>, by = 'agent'): number {
    this.enter(recordOf(++this.seq, kind, by, body), 'L')
    return this.seq
  }

  intent(id: string, by: string, role: Role, more: Partial<Bodies['intent']> = {}): void {
    this.record('intent', { id, lane: by, n: 1, kind: 'do', text: id, seen: 0, vc: {}, role, ...more }, by)
  }

  ask(policy: string, layer: Bodies['decision']['layer'], more: Partial<QuestionMessage> = {}): QuestionMessage {
    const question = questionOf(`q${this.seq}`, ['i1', 'i2'], more)
    this.record('decision', { decision: 'd', group: question.group, policy, layer, reason: '', outcome: {}, question })
    this.questions.set(question.id, question)
    return question
  }

  board(board: Partial<BoardMessage>): void {
    this.onBoard({ type: 'board', intents: [], whole: true, questions: [], drafts: [], composing: [], ...board }, 'L')
  }
}

describe('who may answer', () => {
  it('lets everybody vote who may instruct, and nobody else', () => {
    const may = (actor: string, role: Role) => { const log = new Log(actor, role); return log.mayAnswer(log.ask('vote@1', 'L2')) }
    expect([may('Eve', 'commenter'), may('Eve', 'editor'), may('Eve', 'viewer')]).toEqual([true, true, false])
  })

  it('asks the authors, and who stands as high as the highest of them', () => {
    const may = (actor: string, role: Role) => { const log = new Log(actor, role); return log.mayAnswer(log.ask('ask@1', 'L2')) }
    expect([may('Ida', 'commenter'), may('Eve', 'commenter'), may('Eve', 'editor')]).toEqual([true, false, true])
  })

  it('leaves it to who would be replaced whether an override from below may be', () => {
    const may = (actor: string, role: Role) => { const log = new Log(actor, role); return log.mayAnswer(log.ask('rights@1', 'rights')) }
    expect([may('Ida', 'commenter'), may('Ana', 'editor'), may('Eve', 'owner')]).toEqual([false, true, true])
  })

  it('leaves what cannot be taken back to editors, even where its author stands below', () => {
    const evidence = { effects: [] }
    const may = (actor: string, role: Role) => { const log = new Log(actor, role); return log.mayAnswer(log.ask('approve@1', 'effects', { group: ['i2'], evidence })) }
    expect([may('Ida', 'commenter'), may('Eve', 'editor')]).toEqual([false, true])
  })

  it('gives what the agent asks about one instruction to its author, or somebody above', () => {
    const may = (actor: string, role: Role) => new Log(actor, role).mayAnswer(questionOf('q9', ['i1']))
    expect([may('Ana', 'editor'), may('Eve', 'editor'), may('Ida', 'commenter'), may('Eve', 'owner')]).toEqual([true, false, false, true])
  })
})

describe('who may stop', () => {
  it('is its author, or somebody above', () => {
    const may = (actor: string, role: Role) => { const log = new Log(actor, role); return ['i1', 'i2'].map((id) => log.mayStop(log.intents.get(id)!)) }
    expect(may('Ida', 'commenter')).toEqual([false, true])
    expect(may('Eve', 'editor')).toEqual([false, true])
    expect(may('Eve', 'owner')).toEqual([true, true])
    expect(may('Eve', 'viewer')).toEqual([false, false])
  })
})

describe('documents', () => {
  it('come with a config or a commit, and leave when they are archived', () => {
    const log = new Log('Eve', 'editor')
    log.record('config', { documents: { plan: 'text' } })
    log.record('commit', { commit: 'c', intents: ['i1'], created: { 'plan.i1': 'text' } })
    expect([...log.documents]).toEqual(['plan', 'plan.i1'])
    log.record('config', { archived: ['plan.i1'] })
    expect([[...log.documents], [...log.archived]]).toEqual([['plan'], ['plan.i1']])
    log.record('config', { acts: [{ do: 'rename', doc: 'plan', name: 'schedule', was: 'plan' }] })
    log.record('config', { documents: { 'plan/_9': 'text' } })
    expect([...log.documents]).toEqual(['schedule', 'plan'])
    log.record('config', { acts: [{ do: 'delete', doc: 'plan', was: 'schedule' }, { do: 'archive', doc: 'plan/_9', was: 'plan' }] })
    expect([...log.documents]).toEqual([])
    log.record('config', { acts: [{ do: 'restore', doc: 'plan', name: 'old', was: 'schedule' }, { do: 'restore', doc: 'plan/_9' }] })
    expect([...log.documents]).toEqual(['old', 'plan'])
  })
})

describe('an instruction', () => {
  it('ends with its verdict: nothing is awaited, no step is shown, and what was asked about it alone is closed', () => {
    const log = new Log('Ana', 'editor')
    const alone = log.ask('scope@1', 'scope', { group: ['i1'] })
    const both = log.ask('ask@1', 'L2')
    log.intents.get('i1')!.waitsFor = ['i2']
    log.steps.set('i1', ['Reads.'])
    log.record('plan', { intents: ['i1'], summary: 'Adds a line.' })
    const seq = log.record('verdict', { intent: 'i1', state: 'done', code: 'done', reason: 'Added.' })
    expect(log.intents.get('i1')).toMatchObject({ state: 'done', reason: 'Added.', summary: 'Adds a line.', waitsFor: [], verdictSeq: seq })
    expect([log.steps.size, log.questions.has(alone.id), log.questions.has(both.id)]).toEqual([0, false, true])
  })

  it('shows by which late rival it was replaced', () => {
    const log = new Log('Ana', 'editor')
    log.record('decision', { decision: 'd', group: ['i1', 'i2'], policy: 'ask@1', layer: 'L2', reason: 'late', outcome: { i1: 'replaced', i2: 'run' } })
    expect(log.intents.get('i1')).toMatchObject({ replacedBy: 'i2', decision: 'late' })
    expect(log.intents.get('i2')!.replacedBy).toBeUndefined()
  })

  it('is an own one where this tab sent it', () => {
    const log = new Log('Ana', 'editor')
    log.intent('i3', 'Ana', 'editor', { lane: 'L' })
    expect([log.intents.get('i1')!.mine, log.intents.get('i3')!.mine]).toEqual([false, true])
  })
})

describe('an answer', () => {
  it('is the last word of its author, and closes what is asked about one instruction', () => {
    const log = new Log('Ana', 'editor')
    const both = log.ask('ask@1', 'L2')
    log.intent('a1', 'Ida', 'commenter', { kind: 'answer', refs: [both.id], value: 'i1' })
    log.intent('a2', 'Ida', 'commenter', { kind: 'answer', refs: [both.id], value: 'i2' })
    expect([...log.answers.get(both.id)!]).toEqual([['Ida', 'i2']])
    const alone = log.ask('scope@1', 'scope', { group: ['i1'] })
    log.intent('a3', 'Ana', 'editor', { kind: 'answer', refs: [alone.id], value: 'yes' })
    expect([...log.questions.keys()]).toEqual([both.id])
  })

  it('stands until the decision that settles its question', () => {
    const log = new Log('Ana', 'editor')
    const question = log.ask('ask@1', 'L2')
    log.intent('a1', 'Ida', 'commenter', { kind: 'answer', refs: [question.id], value: 'i1' })
    log.record('decision', { decision: 'd2', group: ['i1', 'i2'], policy: 'ask@1', layer: 'L2', reason: '', outcome: {}, of: question.id })
    expect(log.questions.size + log.answers.size).toBe(0)
  })
})

describe('outside effects', () => {
  it('wait with their commit until the log says what became of them', () => {
    const log = new Log('Ana', 'editor')
    const mail = { tool: 'mail', class: 'irreversible' as const, args: { to: 'a@b.c' } }
    log.record('commit', { commit: 'c1', intents: ['i1', 'i2'], created: {}, effects: [{ i: 0, ...mail }, { i: 1, ...mail }] })
    log.record('effect', { commit: 'c1', i: 1, status: 'failed', detail: 'no such mailbox' })
    log.record('effect', { commit: 'c2', i: 0, status: 'sent' })
    expect(log.intents.get('i1')!.effects!.map((one) => [one.i, one.status, one.detail])).toEqual([[0, 'waits', ''], [1, 'failed', 'no such mailbox']])
    expect(log.intents.get('i2')!.effects).toBe(log.intents.get('i1')!.effects)
  })
})

describe('what models cost', () => {
  it('is shared by the instructions a call served, and counts how calls ended', () => {
    const log = new Log('Ana', 'editor')
    const call = (outcome: 'ok' | 'timeout' | 'cancelled', cost: number, intents: string[], model: string) => {
      const seq = log.record('oracle', { oracle: 'call_opened', opened: { intents, model, author: '', purpose: 'plan', prompt: '', prompt_sha: '', request: '', tier: '', reserve: 0 } })
      log.record('oracle', { oracle: 'call_closed', closed: { call: `k${seq}`, outcome, cost } })
    }
    call('ok', 100, ['i1', 'i2'], 'small')
    call('timeout', 10, ['i1'], 'large')
    call('cancelled', 0, ['i1'], 'large')
    log.record('oracle', { oracle: 'call_closed', closed: { call: 'k999', outcome: 'ok', cost: 7 } })
    expect(log.costs.get('i1')).toEqual({ micros: 60, calls: 3, failed: 1, stopped: 1, models: new Set(['small', 'large']) })
    expect(log.costs.get('i2')).toEqual({ micros: 50, calls: 1, failed: 0, stopped: 0, models: new Set(['small']) })
  })
})

describe('the board', () => {
  const begun = { seq: 3, at: '', actor: 'Cleo', body: { id: 'i9', lane: 'C', n: 1, kind: 'do', text: 'long ago', seen: 0, vc: {}, role: 'editor', sha: '' } } as const

  it('brings an instruction whose record never came, with what was told of it meanwhile', () => {
    const log = new Log('Ana', 'editor')
    log.record('plan', { intents: ['i9'], summary: 'Adds a line.' })
    expect(log.intents.has('i9')).toBe(false)
    log.board({ intents: [{ id: 'i9', state: 'ready', begun }] })
    expect(log.intents.get('i9')).toMatchObject({ text: 'long ago', actor: 'Cleo', state: 'ready', summary: 'Adds a line.' })
  })

  it('says where things stand, but never over a verdict', () => {
    const log = new Log('Ana', 'editor')
    log.record('verdict', { intent: 'i1', state: 'done', code: 'done', reason: 'Added.' })
    log.board({ intents: [{ id: 'i1', state: 'planning' }, { id: 'i2', state: 'held', reason: 'asked', waits_for: ['i1'], steps: ['Reads.'] }] })
    expect([log.intents.get('i1')!.state, log.intents.get('i1')!.reason]).toEqual(['done', 'Added.'])
    expect(log.intents.get('i2')).toMatchObject({ state: 'held', reason: 'asked', waitsFor: ['i1'] })
    expect(log.steps.get('i2')).toEqual(['Reads.'])
  })

  it('closes what is not asked any more where it is whole, and nothing where it is the rest', () => {
    const log = new Log('Ana', 'editor')
    const [gone, open] = [log.ask('ask@1', 'L2'), log.ask('ask@1', 'L2')]
    log.board({ whole: false })
    expect(log.questions.size).toBe(2)
    log.board({ questions: [{ id: open.id, policy: 'vote@1', layer: 'L2', answers: { Ida: 'i1' } }] })
    expect([log.questions.has(gone.id), log.questions.has(open.id)]).toEqual([false, true])
    expect([...log.answers.get(open.id)!]).toEqual([['Ida', 'i1']])
  })
})

describe('the log', () => {
  it('is kept for its last five hundred records, and its head never goes back', () => {
    const log = new Log('Ana', 'editor')
    log.head = 9000
    for (let turn = 0; turn < 600; turn += 1) log.record('checkpoint', {})
    expect([log.records.length, log.records.at(-1)!.seq, log.head]).toEqual([500, 602, 9000])
  })
})
