/**
 * Messages and records as they travel (protocol §2). Made from the server's types: do not edit.
 *
 * `.venv/bin/python -m tests.web.wire_types --write` makes it anew.
 */
import type { Evidence } from './evidence'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

export type DocumentKind = 'text' | 'data' | 'rich'
export type IntentKind = 'do' | 'override' | 'cancel' | 'answer' | 'approve' | 'undo'
export type Role = 'owner' | 'guest' | 'editor' | 'commenter' | 'viewer' | 'agent'
export type LiveState = 'parked' | 'queued' | 'planning' | 'ready' | 'held'
export type TerminalState =
  | 'done' | 'merged' | 'overruled' | 'superseded' | 'suggested' | 'branched' | 'cancelled' | 'rejected' | 'expired' |
  'failed'
export type State = LiveState | TerminalState
export type EffectStatus = 'sent' | 'failed' | 'unknown'
export type EditMode = 'suggest' | 'apply_and_flag' | 'ask'
export type Fate =
  | 'held' | 'run' | 'overruled' | 'suggested' | 'refused' | 'merge' | 'branch' | 'kept' | 'replaced' | 'withdrawn' |
  'open'
export type RecordKind =
  | 'update' | 'intent' | 'plan' | 'oracle' | 'decision' | 'commit' | 'verdict' | 'effect' | 'config' | 'checkpoint'
export type OracleKind =
  | 'question' | 'timer' | 'planner_refused' | 'planner_failed' | 'requeued' | 'steered' | 'judged' | 'merged' |
  'carries' | 'call_opened' | 'call_closed' | 'tool_refused' | 'shadow_compared' | 'turn_failed'
export type Layer = 'L0' | 'L2' | 'L3' | 'L4' | 'E' | 'rights' | 'effects' | 'scope'
export type Decider = 'policy' | 'person' | 'timer'
export type NextAct = 'override' | 'approve' | 'resend' | 'undo'
export type StopScope = 'workspace' | 'server'
export type Purpose = 'plan' | 'repair' | 'judge' | 'merge' | 'summarise'
export type CallOutcome =
  | 'ok' | 'overloaded' | 'rate_limited' | 'timeout' | 'refused' | 'malformed' | 'cut' | 'too_long' | 'server_error' |
  'unreachable' | 'unauthorised' | 'cancelled' | 'lost' | 'cut_by_length'
export type ReceiverKind = 'webhook' | 'mail'
export type EffectClass = 'reversible' | 'irreversible'
export type Opinion = 'contradict' | 'compatible' | 'unsure' | 'failed'
export type RuleName = 'sum_at_most' | 'unique' | 'heading' | 'pattern' | 'one_owner'
export type RuleRole = 'editor' | 'commenter' | 'viewer'
export type Group = 'owner' | 'editor' | 'commenter' | 'viewer' | 'guest' | 'everyone' | 'agent'
export type Verb =
  | 'read' | 'edit' | 'instruct' | 'approve' | 'undo' | 'administer' | 'grant' | 'rename' | 'archive' | 'delete' |
  'restore'

export const RANKS: Readonly<Record<Role, number>> = { owner: 30, guest: 30, editor: 20, commenter: 10, viewer: 5, agent: 0 }

/**
 * Begins the conversation: resume `lane` by its `secret`, or get a new one; records follow from `seen` + 1 on. `follow`
 * false asks for no records on this socket: it is a second document socket of a lane that follows elsewhere.
 */
export interface Hello { type: 'hello'; lane?: string | null; secret?: string | null; seen?: number; follow?: boolean }

/** An intent as a client sends it: `n` counts the lane's intents from 1, `seen` is the compose stamp. */
export interface IntentFrame {
  type: 'intent'
  kind?: IntentKind
  text?: string
  scope?: Scope[]
  refs?: string[]
  expects?: Expect[]
  value?: string
  deadline?: number
  n: number
  seen?: number
  needs?: Record<string, Need>
}

/** Everything up to `seq` was applied and shown. */
export interface Seen { type: 'seen'; seq: number }

/** The author began (`on`) or stopped writing an instruction about `scope`. */
export interface Composing { type: 'composing'; on: boolean; scope?: Scope[] | null }

/** The author has read the verdicts on these own intents: they leave the inbox, on every device. */
export interface Acknowledge { type: 'acknowledge'; intents: string[] }

/**
 * Answers `hello`: the lane, its secret when it is new (else empty), its last accepted `n`, the log's head. `protocol`
 * is the version of the wire that this server speaks.
 */
export interface Welcome {
  type: 'welcome'
  lane: string
  secret: string
  n: number
  seq: number
  epoch: number
  actor: string
  role: Role
  server: string
  protocol: number
}

/** The intent `n` is in the log at `seq`. */
export interface Ack { type: 'ack'; n: number; id: string; seq: number; state: State }

/** The intent `n` was refused; nothing was logged. */
export interface Nack { type: 'nack'; n: number; code: string; reason: string; remedy: string }

/** An intent moved between two states that are not its end. */
export interface StateMessage { type: 'state'; id: string; state: State; waits_for: string[]; reason: string }

/**
 * People are asked. `options` are `{value, label}`; `answer.value` is one of the values. Without an answer `default`
 * stands, `because` of what is said here.
 */
export interface QuestionMessage {
  type: 'question'
  id: string
  group: string[]
  text: string
  options: Option[]
  deadline: number
  default: string
  evidence: Evidence
  because: string
}

/** Words the agent is writing, not part of the document; an empty text ends the draft. */
export interface DraftMessage { type: 'draft'; plan: string; intents: string[]; doc: string; text: string }

/** Who has stopped the agent, since when and why: all of it at each change, none where the agent works. */
export interface StopsMessage { type: 'stops'; stops: Stop[] }

/**
 * What somebody did with a document as a whole: its id in the log, its name before and since. Of one that was archived
 * or deleted this is the last word on its own sockets: they are closed behind it.
 */
export interface DocumentMessage {
  type: 'document'
  do: 'archive' | 'delete' | 'rename' | 'restore'
  id: string
  was: string
  name: string
  actor: string
}

/**
 * Something of what the client sent was refused: `what`, where, why and what to do; the socket stays. Before a close,
 * the reason for it.
 */
export interface ErrorMessage {
  type: 'error'
  code: string
  reason: string
  remedy: string
  what: 'edit' | 'frame' | 'message' | 'presence'
  document: string
}

/** Somebody else began or stopped writing an instruction. */
export interface ComposingMessage { type: 'composing'; lane: string; actor: string; scope: Scope[] | null; on: boolean }

/** Own verdicts that are not acknowledged, newest first: all (`whole`) with `more` beyond these, or a new one. */
export interface InboxMessage { type: 'inbox'; intents: InboxEntry[]; more: number; whole: boolean }

/** A question is settled, answered, or of no use any more. */
export interface ClosedMessage { type: 'closed'; id: string }

/**
 * Where everything stands, sent once a socket has caught up; several where there is much. The first is `whole`: it
 * holds all but the rest of the intents, and what is not in it is not open, not being written and not being composed
 * any more.
 */
export interface BoardMessage {
  type: 'board'
  intents: BoardIntent[]
  whole: boolean
  questions: BoardQuestion[]
  drafts: DraftMessage[]
  composing: ComposingMessage[]
}

/**
 * What this socket's person is at its document (`id`), or at most anywhere where it has none. `reason` is the rule in
 * words, empty where the role in the workspace holds; `agent` why the agent may not change the document, empty where it
 * may. `member` is the role in the workspace, whatever rules say: it may change at any time.
 */
export interface RightsMessage {
  type: 'rights'
  role: Role
  id?: string
  reason?: string
  agent?: string
  member?: Role
}

/**
 * A run of document updates of one lane: journal rows `first` to `last` of that lane and document. `role` is its
 * author's in the workspace, where rules of rights stood.
 */
export interface UpdateBody {
  doc: string
  lane: string
  first: number
  last: number
  count: number
  size: number
  sha: string
  ins?: [number, number, number][]
  del?: [number, number, number][]
  role?: Role
}

/**
 * An accepted intent: its frame with the stamp `(seen, n)`, the derived vector clock, the role of its author. `sha` is
 * that of the frame as it was sent: the same dot with another one is an equivocation.
 */
export interface IntentBody {
  kind: IntentKind
  text: string
  scope?: Scope[]
  refs?: string[]
  expects?: Expect[]
  value?: string
  deadline?: number
  n: number
  seen: number
  needs?: Record<string, Need>
  id: string
  lane: string
  vc: Record<string, number>
  role: Role
  sha: string
}

/**
 * A proposal to edit, made on the documents as of `snapshot`; re-validated by value before it may commit. `serves` are
 * the intents that had joined and that it carries out, too: unset in older logs, where that was all. `acts` are what it
 * does with documents as a whole, by their ids.
 */
export interface PlanBody {
  plan: string
  intents: string[]
  snapshot: number
  attempt: number
  ops: Op[]
  reads: Reading[]
  summary: string
  effects?: Effect[]
  tokens?: Tokens
  planner?: string
  serves?: string[]
  acts?: DocumentAct[]
}

/** An answer from outside the deterministic core: the planner's, a timer's. Replay reads it, never asks again. */
export interface OracleBody {
  oracle: OracleKind
  intent?: string
  question?: Question
  code?: string
  reason?: string
  remedy?: string
  source?: string
  tool?: string
  arguments?: string
  opened?: CallOpened
  closed?: CallClosed
  compared?: Compared
  judgements?: Judgement[]
  merged?: Merged
}

/**
 * What was decided about a group of colliding intents, by which policy, on which evidence. An open question is a
 * decision whose outcome is `held` for all; the decision that settles it names it in `of`. `answers` are all that came,
 * `silent` whom it was put to by name and who gave none.
 */
export interface DecisionBody {
  decision: string
  group: string[]
  layer: Layer
  policy: string
  by: Decider
  outcome: Record<string, Fate>
  reason: string
  inputs?: string
  evidence?: Evidence
  question?: Question
  of?: string
  answers?: Answer[]
  silent?: string[]
}

/**
 * The agent's edit, entered in one transaction; `state` is the digest of every document afterwards. `weak_changed` are
 * the documents of which the plan had seen an outline that was another by then (semantics §5).
 */
export interface CommitBody {
  commit: string
  plan: string
  intents: string[]
  base: number
  decisions: string[]
  docs: Record<string, CommitDoc>
  created: Record<string, DocumentKind>
  state: string
  origin: string
  summary: string
  effects?: Effect[]
  weak_changed?: string[]
}

/**
 * The one end of an intent, with the reason its author reads and what may be done about it. `did` names the operations
 * of a commit whose effect was read in the documents, made from the operations themselves.
 */
export interface VerdictBody {
  intent: string
  state: TerminalState
  code: string
  reason: string
  remedy?: string
  by?: string
  winner?: string
  commit?: string
  can?: NextAct[]
  did?: string[]
}

/** What became of one declared outside effect; it left, or tried to, knowing the log up to `begun` (0: not said). */
export interface EffectBody {
  commit: string
  i: number
  key: string
  status: EffectStatus
  detail?: string
  attempts?: number
  begun?: number
}

/**
 * A change of the workspace's set-up; a missing field is left as it was. `quarantined` are documents that cannot be
 * read any more, with the reason: from here on they count as a marker. `acts` are what was done with documents as a
 * whole; `commit` names the one that did it for an instruction. `rights` are the rules of whole places; `role` is that
 * of who changes it, where such rules stand.
 */
export interface ConfigBody {
  name?: string
  documents?: Record<string, DocumentKind>
  members?: Record<string, Role>
  policy?: PolicyConfig
  invariants?: Record<string, Invariant>
  routes?: RouteTable
  budget?: Budget
  receivers?: Record<string, Receiver>
  retired?: string[]
  archived?: string[]
  forked?: Forked
  redacted?: Record<string, string>
  versions?: Record<string, string>
  quarantined?: Record<string, string>
  switch?: Switch
  acts?: DocumentAct[]
  commit?: string
  rights?: Record<string, RoleRule[]>
  role?: Role
}

/** The digest of every document after record `head` and journal row `jid`; the segments since the last one. */
export interface CheckpointBody {
  head: number
  state: string
  documents: Record<string, string>
  jid?: number
  segments?: Segment[]
}

/** What planning cost in model tokens; zero for the built-in planner. */
export interface Tokens { in?: number; out?: number }

/** A dependency check in Bayou's sense: the value at `path` of `doc` when the plan is committed. */
export interface Expect { doc: string; path?: (string | number)[]; equals?: Json }

/** What an intent depends on in one document: base64 state vector, updates sent on that document's socket. */
export interface Need { sv?: string; sent?: number }

/** One way to answer a question. */
export interface Option { value: string; label: string }

/** A switch that is on: who threw it, when and why; `seq` is the record that says so. */
export interface Stop { scope: StopScope; by: string; since: string; reason: string; seq: number }

/** An own intent whose verdict waits to be acknowledged; its text is cut at 500 code points, the reason at 1,000. */
export interface InboxEntry {
  id: string
  seq: number
  at: string
  kind: IntentKind
  text: string
  refs: string[]
  verdict: VerdictBody
  verdict_seq: number
  undone_by: string
}

/** Where one intent stands, or how it ended meanwhile; `begun` where this socket is not sent its record. */
export interface BoardIntent {
  id: string
  state: State
  reason?: string
  waits_for?: string[]
  summary?: string
  steps?: string[]
  begun?: Begun
}

/** An open question: by which policy it is asked, on which layer, and the last word of each who has answered. */
export interface BoardQuestion { id: string; policy: string; layer: string; answers: Record<string, string> }

/**
 * What a plan looked at: a range, a value, or a whole document, with its hash then. Strong ones must hold. Of a data
 * document `from_` is the anchor of an item of the list at `path`, and `hash` that of its number.
 */
export interface Reading {
  doc: string
  hash: string
  path?: (string | number)[]
  from?: string | null
  to?: string | null
  strong?: boolean
}

/** An outside effect that a plan declares; it runs only after the commit, from the outbox. */
export interface Effect { i: number; tool: string; class: EffectClass; args: Record<string, Json> }

/**
 * One act on a document. `doc` is its id; from a planner the name by which its author calls it. `name` is its new name:
 * that of a rename; that of a restored one where its old one is taken, else empty. `was` is what it was called by
 * whoever wanted it.
 */
export interface DocumentAct {
  do: 'archive' | 'delete' | 'rename' | 'restore'
  doc: string
  name?: string
  was?: string
}

/** What people are asked: `deadline` in unix seconds, `default` where nobody settles it, `because` in words why. */
export interface Question {
  id: string
  group: string[]
  text: string
  options: Option[]
  deadline: number
  default: string
  evidence?: Evidence
  because?: string
}

/**
 * A model is about to be asked. `reserve` is the most it may cost by estimate, in millionths of a US dollar. `round`
 * counts how often the planner began anew in one attempt (a stronger model after failed ones); `tries` counts calls
 * within one turn of the conversation. `prompt` is `name@version`; `prompt_sha` covers system, tools and messages,
 * `request` the manifest in the archive that lists them.
 */
export interface CallOpened {
  intents: string[]
  author: string
  purpose: Purpose
  prompt: string
  prompt_sha: string
  request: string
  tier: string
  model: string
  reserve: number
  why?: string
  attempt?: number
  fault?: number
  round?: number
  tries?: number
  shadow?: boolean
}

/** What came of a call. `cost` and `cost_strongest` (same tokens, strongest model) in millionths of a US dollar. */
export interface CallClosed {
  call: string
  outcome: CallOutcome
  usage?: CallUsage
  cost?: number
  cost_strongest?: number
  priced_by?: string
  latency_ms?: number
  response?: string
  stop_reason?: string
  detail?: string
}

/** What a shadow plan was, beside the one that served: never committed, only compared. */
export interface Compared {
  model: string
  beside: string
  same_operations: boolean
  same_result: boolean
  is_valid: boolean
  cost: number
  cost_beside: number
  latency_ms: number
  latency_ms_beside: number
  detail?: string
}

/** What a judge made of a pair, with the words of each that made it so. */
export interface Judgement { pair: [string, string]; opinion: Opinion; quotes?: [string, string] }

/** One instruction for all of a group (`""`: there is no honest middle), and what each author gives up. */
export interface Merged { group: string[]; text: string; gives_up?: Record<string, string>; reason?: string }

/** One person's answer to a question; `implied` when it is only that an author stands by the own intent. */
export interface Answer { actor: string; value: string; intent?: string }

/** One document's part of a commit: the journal row with the bytes, and the state vectors around it. */
export interface CommitDoc {
  jid: number
  sha: string
  before: string
  after: string
  ins: [number, number, number][]
  del: [number, number, number][]
}

/** How a workspace settles conflicts. Seconds and milliseconds are bounded where they enter (`policy.check`). */
export interface PolicyConfig {
  chain?: string[]
  ask_seconds?: number
  human_edit?: EditMode
  window_ms?: number
  overlap_wait_ms?: number
  replans_max?: number
  plan_seconds_max?: number
  slots?: number
  judge?: boolean
  merge_auto?: boolean
  vote_quorum?: number
  regions?: Region[]
}

/**
 * Which model serves which call. `tiers` in rising strength; `fallbacks` name the steps after each failure.
 * `answer_tokens_max` bounds one answer of any of its models; left out, the planner's own bound holds.
 */
export interface RouteTable {
  tiers: [string, string[]][]
  rules?: Rule[]
  fallbacks?: Record<string, string[]>
  shadow?: Shadow
  version?: number
  answer_tokens_max?: number
}

/** How much model calls may cost, in US dollars; None is no bound. A day is a day in UTC. */
export interface Budget { workspace_day?: number | null; author_day?: number | null; intent?: number | null }

/** Where a workspace began: as another one after its record `at`. */
export interface Forked { ws: string; at: number }

/**
 * A switch was thrown by the record's actor: `on` stops the agent, else it lets it go on as far as this one goes.
 * `since` is when that was, where the log was told of it later: the server's switch, an order from the command line.
 * `deadlines` are the new ones of open questions, in unix seconds, where the agent goes on again.
 */
export interface Switch {
  scope: StopScope
  on: boolean
  reason?: string
  since?: string
  deadlines?: Record<string, number>
}

/** Records `first` to `last`, both included, and the root over their hashes. */
export interface Segment { first: number; last: number; root: string }

/** Where an instruction points: a text range by anchors, keys of a data document, or the whole document. */
export interface Scope {
  doc: string
  path?: (string | number)[]
  from?: string
  to?: string
  quote?: string
  keys?: ((string | number)[])[]
}

/**
 * Put `text` at an anchor: with the marks around it, or with those given; `embeds` for each `EMBED` in it. `of` are the
 * ids of what an undo puts back with it, unit by unit: what it writes stands for those from then on.
 */
export interface Insert {
  op: 'insert'
  doc: string
  at: string
  text: string
  marks?: Record<string, Json>
  embeds?: Json[]
  of?: [number, number, number][]
}

/** Put `text` in place of a range whose text hashes to `old`; what both have in common stays untouched. */
export interface Replace { op: 'replace'; doc: string; from: string; to: string; old: string; text: string }

/** Take out a range whose text hashes to `old`. */
export interface Delete { op: 'delete'; doc: string; from: string; to: string; old: string }

/** Put `value` at `path`, where a value that hashes to `old` (or nothing: `absent`) stands. */
export interface SetValue { op: 'set'; doc: string; path: (string | number)[]; value: Json; old: string }

/** Add `by` to the number at `path`; nothing there counts as zero. */
export interface Increment { op: 'inc'; doc: string; path: (string | number)[]; by: number }

/** Remove the value at `path`, which hashes to `old`. */
export interface DeleteValue { op: 'del'; doc: string; path: (string | number)[]; old: string }

/**
 * Add `value` to the list at `path`, behind the item anchored by `after` (None: at the start). `of` is the anchor of
 * the item that an undo puts back with it: the new one stands for that from then on.
 */
export interface ListAdd {
  op: 'list_add'
  doc: string
  path: (string | number)[]
  value: Json
  after?: string | null
  of?: string
}

/** Move an item of the list at `path` behind the one anchored by `after` (None: to the start). */
export interface ListMove {
  op: 'list_move'
  doc: string
  path: (string | number)[]
  item: string
  after?: string | null
}

/** Remove an item, whose value hashes to `old`, from the list at `path`. */
export interface ListRemove { op: 'list_del'; doc: string; path: (string | number)[]; item: string; old: string }

/** Change nothing; fail unless the range or value hashes to `hash`. */
export interface Check {
  op: 'check'
  doc: string
  hash: string
  path?: (string | number)[]
  from?: string | null
  to?: string | null
}

/** Make an empty document. */
export interface CreateDocument { op: 'create'; doc: string; kind: DocumentKind }

/** Tokens as the provider counted them; `read` is the fresh input, beside what came from and went to its cache. */
export interface CallUsage { read?: number; written?: number; cache_read?: number; cache_written?: number }

/**
 * One rule. What `path`, `text`, `field` and `limit` mean depends on `rule`: `sum_at_most`: the numbers under `path`
 * add up to at most `limit`. `unique`: the items of the list at `path` (their `field`, where given) are all different.
 * `heading`: the text has a heading `text`. `pattern`: `text` is found in the document, or matches the whole value at
 * `path`. `one_owner`: everything under `path` has one non-empty `field`.
 */
export interface Invariant {
  rule: RuleName
  doc: string
  path?: (string | number)[]
  text?: string
  field?: string
  limit?: number
  message?: string
  version?: number
}

/** Send this share of plans to a candidate model too, off the user's path: 0 none, 1 all. */
export interface Shadow { model?: string; share?: number }

/**
 * Somebody outside who may be told things. A webhook's `address` is its URL, `secret` names the key in the server's
 * environment that signs for it, and `keys` says that it honours idempotency keys: only then is a call repeated that
 * may have arrived. A mail receiver's `address` is the sender's mailbox, and `allowed` the domains that may be written
 * to (empty: any).
 */
export interface Receiver {
  kind: ReceiverKind
  address: string
  effect_class?: EffectClass
  secret?: string
  allowed?: string[]
  keys?: boolean
}

/** What one person (`actor`) or a `group` is at the place under which this stands; it names one of the two. */
export interface RoleRule { role: RuleRole; actor?: string; group?: Group }

/** The record of an intent, for a socket that is not sent the record itself: its part of the log begins later. */
export interface Begun { seq: number; at: string; actor: string; body: IntentBody }

/** A part of the workspace that settles conflicts by its own chain: a document, or a path of a data document. */
export interface Region { doc: string; chain: string[]; path?: (string | number)[] }

/** Send a call to `tier` when everything named here holds; the first rule that fits is taken. */
export interface Rule {
  tier: string
  purpose?: Purpose
  difficulty_min?: number
  attempt_min?: number
  budget_below?: number
  latency?: 'background' | 'interactive'
}

export type Op =
  | Insert | Replace | Delete | SetValue | Increment | DeleteValue | ListAdd | ListMove | ListRemove | Check |
  CreateDocument

/** What every record of the log begins with. `seq` is dense from 1; `at` is only for people. */
export interface RecordHead {
  type: 'record'
  seq: number
  epoch: number
  at: string
  actor: string
  prev: string
  hash: string
}
/** The body of each kind of record. */
export interface Bodies {
  update: UpdateBody
  intent: IntentBody
  plan: PlanBody
  oracle: OracleBody
  decision: DecisionBody
  commit: CommitBody
  verdict: VerdictBody
  effect: EffectBody
  config: ConfigBody
  checkpoint: CheckpointBody
}
/** A record of one kind. */
export type RecordOf<Kind extends RecordKind> = RecordHead & { kind: Kind; body: Bodies[Kind] }
/** A record of the log: its `kind` says what its body is. */
export type LogRecord = { [Kind in RecordKind]: RecordOf<Kind> }[RecordKind]

export type ClientMessage = Hello | IntentFrame | Seen | Composing | Acknowledge

export type ServerMessage =
  | Welcome | Ack | Nack | StateMessage | QuestionMessage | DraftMessage | StopsMessage | DocumentMessage | ErrorMessage
  | ComposingMessage | InboxMessage | ClosedMessage | BoardMessage | RightsMessage | LogRecord
