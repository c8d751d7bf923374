/** Messages and records as they travel (protocol §2). Shapes mirror the server's `workspace/protocol/messages.py` and `workspace/intents/model/bodies.py`. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type Role = 'owner' | 'editor' | 'commenter' | 'viewer' | 'agent'
export type IntentKind = 'do' | 'override' | 'cancel' | 'answer' | 'approve' | 'undo'
export const RANKS: Record<string, number> = { owner: 30, editor: 20, commenter: 10, viewer: 5, agent: 0 }

export interface Scope {
  doc: string
  path?: (string | number)[]
  from?: string
  to?: string
  quote?: string
  keys?: (string | number)[][]
}
export interface Need { sv: string; sent: number }
export interface IntentMessage {
  type: 'intent'
  n: number
  kind: IntentKind
  text: string
  seen: number
  needs?: Record<string, Need>
  scope?: Scope[]
  refs?: string[]
  value?: string
}
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
}
export interface Ack { type: 'ack'; n: number; id: string; seq: number; state: string }
export interface Nack { type: 'nack'; n: number; code: string; reason: string; remedy?: string }
export interface StateMessage { type: 'state'; id: string; state: string; waits_for: string[]; reason: string }
export interface Option { value: string; label: string }
export interface DescribedIntent {
  id: string
  actor: string
  role: Role
  rank: number
  text: string
  seen: number
  seq: number
}
export interface Effect { i: number; tool: string; class: 'reversible' | 'irreversible'; args: Record<string, Json> }
/** An effect as an approval shows it, with the receiver it is for. */
export interface ShownEffect extends Effect { receiver: { kind: 'mail' | 'webhook'; address: string } }
export interface Evidence {
  /** All that a plan would do outside of where its author points. */
  does?: string[]
  effects?: ShownEffect[]
  intents?: DescribedIntent[]
  documents?: Record<string, { before: string; outcomes: Record<string, string> }>
  late?: string[]
}
export interface Question {
  type?: 'question'
  id: string
  group: string[]
  text: string
  options: Option[]
  deadline: number
  default: string
  evidence: Evidence
  /** Why the default is what it is. */
  because?: string
}
/** A switch that is on: by whom, since when and why the agent is stopped here, or on the whole server. */
export interface Stop { scope: 'workspace' | 'server'; by: string; since: string; reason: string; seq: number }
/** All of them at each change; none where the agent works. */
export interface StopsMessage { type: 'stops'; stops: Stop[] }
export interface DraftMessage { type: 'draft'; plan: string; intents: string[]; doc: string; text: string }
export interface ComposingMessage { type: 'composing'; lane: string; actor: string; scope: Scope[] | null; on: boolean }
/** A question cannot be answered any more. */
export interface ClosedMessage { type: 'closed'; id: string }
/** Where one intent stands, or how it ended meanwhile; `begun` is its record where this socket is not sent that. */
export interface BoardIntent {
  id: string
  state: string
  reason?: string
  waits_for?: string[]
  summary?: string
  steps?: string[]
  begun?: { seq: number; at: string; actor: string; body: IntentBody }
}
/** An open question: how it is asked, and the last word of each who has answered. */
export interface BoardQuestion { id: string; policy: string; layer: string; answers: Record<string, string> }
/** Where everything stands, once this socket has caught up; the first of several is `whole`. */
export interface BoardMessage {
  type: 'board'
  intents: BoardIntent[]
  whole: boolean
  questions: BoardQuestion[]
  drafts: DraftMessage[]
  composing: ComposingMessage[]
}
/** Something of what this client sent was refused; the socket stays. */
export interface ErrorMessage {
  type: 'error'
  code: string
  reason: string
  remedy?: string
  what?: 'message' | 'edit' | 'presence' | 'frame'
  document?: string
}
/** What the server did not take: an intent has its `n`, an edit or a presence its document. */
export interface Refused {
  what: 'intent' | 'message' | 'edit' | 'presence' | 'frame'
  n?: number
  document?: string
  text: string
  code: string
  reason: string
  remedy: string
}

const isHigh = (text: string, at: number): boolean => (text.charCodeAt(at) & 0xfc00) === 0xd800
const isLow = (text: string, at: number): boolean => (text.charCodeAt(at) & 0xfc00) === 0xdc00

/** A part of a text, at most `most` units long, that neither begins nor ends inside a character of two units. */
export function cut(text: string, from: number, to: number, most = Infinity): string {
  let end = Math.min(to, from + most, text.length)
  let start = from
  if (start > 0 && isLow(text, start) && isHigh(text, start - 1)) start += 1
  if (end > start && end < text.length && isHigh(text, end - 1) && isLow(text, end)) end -= 1
  return text.slice(start, Math.max(start, end))
}

export interface LogRecord<Body = any> {
  type: 'record'
  seq: number
  epoch: number
  kind: 'update' | 'intent' | 'plan' | 'oracle' | 'decision' | 'commit' | 'verdict' | 'effect' | 'config' | 'checkpoint'
  at: string
  actor: string
  body: Body
}
export interface IntentBody {
  id: string
  lane: string
  n: number
  kind: IntentKind
  text: string
  seen: number
  vc: Record<string, number>
  role: Role
  scope?: Scope[]
  refs?: string[]
  value?: string
}
export interface Verdict {
  intent: string
  state: string
  code: string
  reason: string
  remedy?: string
  by?: string
  winner?: string
  commit?: string
  can?: string[]
  /** What was done and read in the documents, in words made from the operations. */
  did?: string[]
}
/** An own intent whose verdict waits to be acknowledged. */
export interface InboxEntry {
  id: string
  seq: number
  at: string
  kind: IntentKind
  text: string
  refs: string[]
  verdict: Verdict
  verdict_seq: number
  undone_by: string
}
/** All that waits (`whole`), newest first, with `more` beyond these; or what has just ended. */
export interface InboxMessage { type: 'inbox'; intents: InboxEntry[]; more: number; whole: boolean }
export type ServerMessage =
  | Welcome
  | Ack
  | Nack
  | StateMessage
  | (Question & { type: 'question' })
  | ClosedMessage
  | BoardMessage
  | DraftMessage
  | StopsMessage
  | ComposingMessage
  | ErrorMessage
  | InboxMessage
  | LogRecord
