/** The instructions as cards: which are shown, and what stands on each. */
import type { IntentView, LogView } from '../client/log_view'
import type { IntentMessage } from '../client/lane'
import type { LiveState, State, VerdictBody } from '../client/wire'
import { whose, whoseFirst } from './whose'

const CARDS_SHOWN = 60
const QUOTED = 60

export const LABELS: Readonly<Record<State, string>> = {
  parked: 'waits for edits',
  queued: 'queued',
  planning: 'planning…',
  ready: 'ready',
  held: 'waits for an answer',
  done: 'done',
  merged: 'merged',
  overruled: 'overruled',
  superseded: 'replaced',
  suggested: 'suggested',
  branched: 'branched',
  cancelled: 'cancelled',
  rejected: 'not done',
  expired: 'expired',
  failed: 'failed',
}
const LIVE_STATES: Readonly<Record<LiveState, true>> = { parked: true, queued: true, planning: true, ready: true, held: true }

/** What cards, and the log in words, know of others. */
export type KnownIntents = Pick<LogView, 'intents'>
type Shown = Pick<LogView, 'intents' | 'steps' | 'actor' | 'role'>

/** What stands on a card beside the words of its instruction; what is empty is left out. */
export interface CardView {
  author: string
  state: string
  words: string
  joins: string
  waits: string
  note: string
  steps: readonly string[]
  replaced: string
  isLive: boolean
  maySteer: boolean
}

/** Whether a state is not the end. */
export function isLive(state: State): boolean {
  return state in LIVE_STATES
}

/** The intents that have a card, newest first: what is about others (a cancel, an answer) has none. */
export function cardsOf(log: KnownIntents): IntentView[] {
  const shown = [...log.intents.values()].filter(({ kind }) => kind !== 'cancel' && kind !== 'answer')
  return shown.sort((a, b) => b.seq - a.seq).slice(0, CARDS_SHOWN)
}

/** What waits to be sent and is not on the board already: its acknowledgement may come after its record. */
export function unsentOf(pending: readonly IntentMessage[], log: KnownIntents): IntentMessage[] {
  const under = [...log.intents.values()].filter((one) => one.mine && isLive(one.state))
  return pending.filter(({ text }) => text && !under.some((one) => one.text === text))
}

/** How many of the live cards can be stopped at once: one's own, all that one may; zero where it is not offered. */
export function stopsOffered(live: readonly IntentView[], me: string): { mine: number; all: number } {
  const mine = live.filter((intent) => intent.actor === me).length
  return live.length < 2 ? { mine: 0, all: 0 } : { mine: mine > 1 ? mine : 0, all: live.length > mine ? live.length : 0 }
}

/** What an intent asks for, in words. */
export function wordsOf(log: KnownIntents, intent: Pick<IntentView, 'kind' | 'refs' | 'text'>): string {
  const about = intent.refs[0] ?? ''
  if (intent.kind === 'undo') return `Take back: ${[...log.intents.values()].find((one) => one.verdict?.commit === about)?.text ?? about}`
  return intent.kind === 'approve' ? `Run: ${log.intents.get(about)?.text ?? about}` : intent.text
}

/** Whether a verdict is what its author wanted. */
export function toneOf({ state }: Pick<VerdictBody, 'state'>): 'good' | 'bad' {
  return state === 'done' || state === 'merged' ? 'good' : 'bad'
}

/** What its author can do about a verdict; of what is done nothing is said. */
export function remedyOf({ state, remedy = '' }: Pick<VerdictBody, 'state' | 'remedy'>): string {
  return state === 'done' ? '' : remedy
}

/** What stands on the card of an intent. */
export function cardOf(log: Shown, intent: IntentView): CardView {
  const { state, verdict, kind, refs, replacedBy } = intent
  const live = isLive(state)
  const steps = log.steps.get(intent.id) ?? []
  const joined = kind === 'do' ? log.intents.get(refs[0] ?? '') : undefined
  const replacing = replacedBy ? log.intents.get(replacedBy) : undefined
  const waits = live ? [...new Set(intent.waitsFor.map((id) => log.intents.get(id)?.actor ?? id))] : []
  const isAlone = live && waits.length === 0 && state !== 'held' && steps.length === 0
  return {
    author: intent.mine || intent.actor === log.actor ? 'You' : intent.actor,
    state: verdict?.code === 'unchanged' ? 'nothing changed' : LABELS[state] ?? state,
    words: wordsOf(log, intent),
    joins: joined ? `adds to ${whose(joined.actor, log.actor)} “${joined.text.slice(0, QUOTED)}”` : '',
    waits: waits.length ? `waits for ${waits.join(' and ')}` : '',
    note: isAlone ? intent.reason : '',
    steps,
    replaced: replacing ? `${whoseFirst(replacing.actor, log.actor)} “${replacing.text.slice(0, QUOTED)}” has taken its place.` : '',
    isLive: live,
    maySteer: (state === 'planning' || state === 'ready') && kind !== 'approve' && log.role !== 'viewer',
  }
}
