/** What the log has told: intents with their states, questions, costs, documents, and what this person may do. No DOM. */
import { madeAs } from './names'
import {
  RANKS,
  type Begun,
  type BoardIntent,
  type BoardMessage,
  type CallClosed,
  type CallOpened,
  type CommitBody,
  type ConfigBody,
  type DecisionBody,
  type DocumentAct,
  type EffectBody,
  type IntentKind,
  type Json,
  type LogRecord,
  type QuestionMessage,
  type Role,
  type Scope,
  type State,
  type Stop,
  type VerdictBody,
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
  state: State
  reason: string
  waitsFor: string[]
  summary: string
  verdict?: VerdictBody
  /** Where in the log the verdict stands. */
  verdictSeq?: number
  decision?: string
  /** Done, and since replaced by this one: a late rival that was settled for. */
  replacedBy?: string
  /** What its commit sends outside. */
  effects?: EffectView[]
}
/** How far an outside effect has come: about to leave, or what became of it. */
export type EffectShown = 'waits' | EffectBody['status']
/** One outside effect of a commit and how far it has come. */
export interface EffectView { i: number; tool: string; args: Record<string, Json>; status: EffectShown; detail: string }
/** How a document was put away, and by whom; nobody where that was not told. */
export interface Away { how: 'archived' | 'deleted'; actor: string }
/** Words the agent is writing. */
export interface DraftView { doc: string; text: string; intents: string[] }
/** What the models asked for one instruction have cost, in millionths of a US dollar. */
export interface IntentCost { micros: number; calls: number; failed: number; stopped: number; models: Set<string> }

export class LogView {
  actor = ''
  role: Role = 'viewer'
  head = 0
  intents = new Map<string, IntentView>()
  questions = new Map<string, QuestionMessage>()
  /** Who has stopped the agent; empty while it works. */
  stops: Stop[] = []
  /** What the agent says it is doing, newest last, by instruction. */
  steps = new Map<string, string[]>()
  costs = new Map<string, IntentCost>()
  records: LogRecord[] = []
  documents = new Set<string>()
  /** Variants that left the list: nobody picked them. */
  archived = new Set<string>()
  /** What documents are called, by id: those that are called otherwise. */
  readonly names = new Map<string, string>()
  /** How often a document was made, renamed, put away or taken back. */
  changes = 0
  /** By question: the policy that asked, and the layer it is about. */
  private asked = new Map<string, { policy: string; layer: string }>()
  /** By question: the last word of each who has answered it. */
  readonly answers = new Map<string, Map<string, string>>()
  /** What was told of intents whose record this socket was not sent, until the board brings it. */
  private stubs = new Map<string, Partial<IntentView>>()
  private calls = new Map<string, Pick<CallOpened, 'intents' | 'model'>>()
  protected readonly outside = new Map<string, EffectView>()

  /** Whether this person may cancel an instruction: an own one, or one of somebody below. */
  mayStop(intent: IntentView): boolean {
    return this.role !== 'viewer' && (intent.actor === this.actor || RANKS[this.role] > RANKS[intent.role])
  }

  /** Whether this person is among those a question is for; a vote is for everybody who may instruct. */
  mayAnswer(question: Pick<QuestionMessage, 'id' | 'group' | 'evidence'>): boolean {
    const asked = this.asked.get(question.id)
    if (RANKS[this.role] < RANKS.commenter) return false
    if (asked?.policy === 'vote@1') return true
    // What the agent asks about one instruction is for its author, or somebody above.
    const alone = asked ? undefined : this.intents.get(question.group[0] ?? '')
    if (alone) return this.mayStop(alone)
    // Whether an instruction may be replaced is for its author, not for who wants to replace it.
    const group = asked?.layer === 'rights' ? question.group.slice(0, 1) : question.group
    const authors = group.map((id) => this.intents.get(id)).filter((one) => one !== undefined)
    // What cannot be taken back is approved by nobody below an editor.
    if (question.evidence.effects && RANKS[this.role] < RANKS.editor) return false
    const top = Math.max(0, ...authors.map((one) => RANKS[one.role]))
    return authors.some((one) => one.actor === this.actor) || RANKS[this.role] >= top
  }

  /** Something about an instruction has changed. */
  protected moved(_id: string): void {}

  /** Take one record in, in the order of the log; `lane` is this tab's own. */
  protected enter(record: LogRecord, lane: string): void {
    this.head = Math.max(this.head, record.seq)
    this.records.push(record)
    if (this.records.length > RECORDS_KEPT) this.records.shift()
    switch (record.kind) {
      case 'intent':
        this.onIntent(record, lane)
        break
      case 'plan':
        for (const id of record.body.intents) this.view(id).summary = record.body.summary
        break
      case 'oracle':
        if (record.body.opened) this.calls.set(`k${record.seq}`, record.body.opened)
        if (record.body.closed) this.onCallClosed(record.body.closed)
        break
      case 'decision':
        this.onDecision(record.body)
        break
      case 'verdict':
        this.onVerdict(record.seq, record.body)
        break
      case 'config':
        this.onConfig(record.body)
        for (const act of record.body.acts ?? []) this.onAct(act)
        break
      case 'commit':
        for (const id of Object.keys(record.body.created ?? {})) this.made(id)
        this.onCommit(record.body)
        break
      case 'effect': {
        const effect = this.outside.get(`${record.body.commit}/${record.body.i}`)
        if (effect) Object.assign(effect, { status: record.body.status, detail: record.body.detail ?? '' })
        break
      }
    }
  }

  private onDecision(body: DecisionBody): void {
    if (body.of) this.closed(body.of)
    if (body.question) this.asked.set(body.question.id, { policy: body.policy, layer: body.layer })
    for (const id of body.group) {
      const intent = this.view(id)
      intent.decision = body.reason
      if (body.outcome[id] === 'replaced') intent.replacedBy = body.group.find((one) => body.outcome[one] === 'run')
    }
  }

  private onVerdict(seq: number, verdict: VerdictBody): void {
    Object.assign(this.view(verdict.intent), { verdict, verdictSeq: seq, state: verdict.state, reason: verdict.reason, waitsFor: [] })
    this.steps.delete(verdict.intent)
    for (const question of this.questions.values())
      if (question.group.length === 1 && question.group[0] === verdict.intent) this.closed(question.id)
    this.moved(verdict.intent)
  }

  private onConfig(body: ConfigBody): void {
    for (const id of Object.keys(body.documents ?? {})) this.made(id)
    for (const name of body.archived ?? []) {
      this.documents.delete(name)
      this.archived.add(name)
    }
  }

  private made(id: string): void {
    this.changes += 1
    if (madeAs(id) !== id) this.names.set(id, madeAs(id))
    this.documents.add(madeAs(id))
  }

  /** A document was renamed, archived, deleted or restored. */
  protected onAct({ do: what, doc, name, was = madeAs(doc) }: DocumentAct): void {
    this.changes += 1
    if (name) this.names.set(doc, name)
    if (what !== 'restore') this.documents.delete(was)
    if (what === 'rename' || what === 'restore') this.documents.add(name || was)
  }

  /** A commit's outside effects are about to leave. */
  private onCommit(body: CommitBody): void {
    if (!body.effects?.length) return
    const shown = body.effects.map(({ i, tool, args }): EffectView => ({ i, tool, args, status: 'waits', detail: '' }))
    for (const effect of shown) this.outside.set(`${body.commit}/${effect.i}`, effect)
    for (const id of body.intents) this.view(id).effects = shown
  }

  /** An intent; or, of one whose record has not come, what is kept for it until it does. */
  private view(id: string): Partial<IntentView> {
    const known = this.intents.get(id) ?? this.stubs.get(id)
    if (known) return known
    const stub: Partial<IntentView> = {}
    this.stubs.set(id, stub)
    return stub
  }

  /** A question cannot be answered any more. */
  protected closed(id: string): void {
    this.questions.delete(id)
    this.answers.delete(id)
    this.asked.delete(id)
  }

  /** Where everything stands now that the log has come: what is not in it is not open and not being written. */
  protected onBoard(board: BoardMessage, lane: string): void {
    for (const intent of board.intents) this.onStanding(intent, lane)
    if (!board.whole) return
    const open = new Set(board.questions.map((question) => question.id))
    for (const id of this.questions.keys()) if (!open.has(id)) this.closed(id)
    for (const { id, policy, layer, answers } of board.questions) {
      if (policy) this.asked.set(id, { policy, layer })
      this.answers.set(id, new Map(Object.entries(answers)))
    }
  }

  private onStanding({ id, state, reason = '', waits_for: waitsFor = [], summary = '', steps = [], begun }: BoardIntent, lane: string): void {
    if (begun && !this.intents.has(id)) {
      const told = this.stubs.get(id)
      Object.assign(this.onIntent(begun, lane), { summary }, told)
      this.stubs.delete(id)
    }
    const intent = this.intents.get(id)
    if (!intent || intent.verdict) return
    Object.assign(intent, { state, reason, waitsFor })
    if (steps.length) this.steps.set(id, steps)
    else this.steps.delete(id)
    this.moved(id)
  }

  /** A call to a model ended: count what it cost for the instructions it served. */
  private onCallClosed(closed: CallClosed): void {
    const call = this.calls.get(closed.call)
    if (!call) return
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

  private onIntent({ seq, at, actor, body }: Begun, lane: string): IntentView {
    if (body.kind === 'answer') {
      const question = this.questions.get(body.refs?.[0] ?? '')
      if (question) this.answers.set(question.id, new Map(this.answers.get(question.id)).set(actor, body.value ?? ''))
      if (question && question.group.length === 1) this.closed(question.id)
    }
    const view: IntentView = {
      id: body.id,
      seq,
      at,
      actor,
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
    }
    this.intents.set(body.id, view)
    this.moved(body.id)
    return view
  }
}
