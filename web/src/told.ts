/** What the log has told: intents with their states, questions, costs, documents, and what this person may do. No DOM. */
import {
  RANKS,
  type Effect,
  type IntentBody,
  type IntentKind,
  type Json,
  type LogRecord,
  type Question,
  type Role,
  type Scope,
  type Stop,
  type Verdict,
} from './wire'

const RECORDS_KEPT = 500

export interface IntentView {
  id: string
  seq: number
  at: string
  actor: string
  role: Role
  mine: boolean
  kind: IntentKind
  text: string
  seen: number
  scope?: Scope[]
  refs: string[]
  state: string
  reason: string
  waitsFor: string[]
  summary: string
  verdict?: Verdict
  /** Where in the log the verdict stands. */
  verdictSeq?: number
  decision?: string
  /** Done, and since replaced by this one: a late rival that was settled for. */
  replacedBy?: string
  /** What its commit sends outside. */
  effects?: EffectView[]
}
/** One outside effect of a commit and how far it has come. */
export interface EffectView { i: number; tool: string; args: Record<string, Json>; status: string; detail: string }
/** Words the agent is writing. */
export interface DraftView { doc: string; text: string; intents: string[] }
/** What the models asked for one instruction have cost, in millionths of a US dollar. */
export interface IntentCost { micros: number; calls: number; failed: number; stopped: number; models: Set<string> }

export class Told {
  actor = ''
  role: Role = 'viewer'
  head = 0
  intents = new Map<string, IntentView>()
  questions = new Map<string, Question>()
  /** Who has stopped the agent; empty while it works. */
  stops: Stop[] = []
  /** What the agent says it is doing, newest last, by instruction. */
  steps = new Map<string, string[]>()
  costs = new Map<string, IntentCost>()
  records: LogRecord[] = []
  documents = new Set<string>()
  /** Documents that left the list: variants nobody picked. */
  archived = new Set<string>()
  /** By question: the policy that asked, and the layer it is about. */
  private asked = new Map<string, { policy: string; layer: string }>()
  private calls = new Map<string, { intents: string[]; model: string }>()
  private outside = new Map<string, EffectView>()

  /** Whether this person may cancel an instruction: an own one, or one of somebody below. */
  mayStop(intent: IntentView): boolean {
    return this.role !== 'viewer' && (intent.actor === this.actor || RANKS[this.role]! > RANKS[intent.role]!)
  }

  /** Whether this person is among those a question is for; a vote is for everybody who may instruct. */
  mayAnswer(question: Question): boolean {
    const asked = this.asked.get(question.id)
    if (RANKS[this.role]! < RANKS.commenter!) return false
    if (asked?.policy === 'vote@1') return true
    // What the agent asks about one instruction is for its author, or somebody above.
    const alone = asked ? undefined : this.intents.get(question.group[0] ?? '')
    if (alone) return this.mayStop(alone)
    // Whether an instruction may be replaced is for its author, not for who wants to replace it.
    const group = asked?.layer === 'rights' ? question.group.slice(0, 1) : question.group
    const authors = group.map((id) => this.intents.get(id)).filter((one) => one !== undefined)
    // What cannot be taken back is approved by nobody below an editor.
    if (question.evidence.effects && (RANKS[this.role] ?? 0) < RANKS.editor!) return false
    const top = Math.max(0, ...authors.map((one) => RANKS[one.role] ?? 0))
    return authors.some((one) => one.actor === this.actor) || (RANKS[this.role] ?? 0) >= top
  }

  /** Take one record in, in the order of the log; `lane` is this tab's own. */
  protected enter(record: LogRecord, lane: string): void {
    this.head = Math.max(this.head, record.seq)
    this.records.push(record)
    if (this.records.length > RECORDS_KEPT) this.records.shift()
    const body = record.body
    switch (record.kind) {
      case 'intent':
        this.onIntent(record, body as IntentBody, lane)
        break
      case 'plan':
        for (const id of body.intents as string[]) {
          const intent = this.intents.get(id)
          if (intent) intent.summary = body.summary
        }
        break
      case 'oracle':
        this.onCall(record)
        break
      case 'decision':
        if (body.of) this.questions.delete(body.of)
        if (body.question) this.asked.set(body.question.id, { policy: body.policy, layer: body.layer })
        for (const id of body.group as string[]) {
          const intent = this.intents.get(id)
          if (intent) intent.decision = body.reason
          if (intent && body.outcome[id] === 'replaced') intent.replacedBy = (body.group as string[]).find((one) => body.outcome[one] === 'run')
        }
        break
      case 'verdict': {
        const verdict = body as Verdict
        const intent = this.intents.get(verdict.intent)
        if (intent) Object.assign(intent, { verdict, verdictSeq: record.seq, state: verdict.state, reason: verdict.reason, waitsFor: [] })
        this.steps.delete(verdict.intent)
        for (const question of this.questions.values())
          if (question.group.length === 1 && question.group[0] === verdict.intent) this.questions.delete(question.id)
        break
      }
      case 'config':
        for (const name of Object.keys(body.documents ?? {})) this.documents.add(name)
        for (const name of (body.archived ?? []) as string[]) {
          this.documents.delete(name)
          this.archived.add(name)
        }
        break
      case 'commit':
        for (const name of Object.keys(body.created ?? {})) this.documents.add(name)
        this.onCommit(body)
        break
      case 'effect': {
        const effect = this.outside.get(`${body.commit}/${body.i}`)
        if (effect) Object.assign(effect, { status: body.status, detail: body.detail ?? '' })
        break
      }
    }
  }

  /** A commit's outside effects are about to leave. */
  private onCommit(body: { commit: string; intents: string[]; effects?: Effect[] }): void {
    if (!body.effects?.length) return
    const shown = body.effects.map(({ i, tool, args }) => ({ i, tool, args, status: 'waits', detail: '' }))
    for (const effect of shown) this.outside.set(`${body.commit}/${effect.i}`, effect)
    for (const id of body.intents) {
      const intent = this.intents.get(id)
      if (intent) intent.effects = shown
    }
  }

  /** A call to a model began or ended: count what it cost for the instructions it served. */
  private onCall(record: LogRecord): void {
    const { opened, closed } = record.body as { opened?: { intents: string[]; model: string }; closed?: { call: string; outcome: string; cost?: number } }
    if (opened) this.calls.set(`k${record.seq}`, opened)
    const call = closed && this.calls.get(closed.call)
    if (!closed || !call) return
    this.calls.delete(closed.call)
    for (const id of call.intents) {
      const own = this.costs.get(id) ?? { micros: 0, calls: 0, failed: 0, stopped: 0, models: new Set<string>() }
      own.micros += (closed.cost ?? 0) / call.intents.length
      own.calls += 1
      if (closed.outcome === 'cancelled') own.stopped += 1
      else if (closed.outcome !== 'ok') own.failed += 1
      own.models.add(call.model)
      this.costs.set(id, own)
    }
  }

  private onIntent(record: LogRecord, body: IntentBody, lane: string): void {
    if (body.kind === 'answer') {
      const question = this.questions.get(body.refs?.[0] ?? '')
      if (question && question.group.length === 1) this.questions.delete(question.id)
    }
    this.intents.set(body.id, {
      id: body.id,
      seq: record.seq,
      at: record.at,
      actor: record.actor,
      role: body.role,
      mine: body.lane === lane,
      kind: body.kind,
      text: body.text,
      seen: body.seen,
      scope: body.scope,
      refs: body.refs ?? [],
      state: 'queued',
      reason: '',
      waitsFor: [],
      summary: '',
    })
  }
}
