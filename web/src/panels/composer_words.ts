/** What the composer says: to whom it is open, where it points, what came meanwhile, and who will answer. */
import type { IntentView } from '../client/log_view'
import { RANKS, type Role, type Scope } from '../client/wire'
import type { Aim } from './aim'

const QUOTED = 28
const UNSEEN_SHOWN = 160

/** Whether this person may instruct the agent. */
export function mayInstruct(role: Role): boolean {
  return RANKS[role] >= RANKS.commenter
}

/** What stands in the empty box. */
export function placeholderFor(role: Role, aim: Aim | null): string {
  if (!mayInstruct(role)) return 'Your role may read, not instruct.'
  return aim?.kind === 'override' ? 'What shall be done instead?' : 'Ask the agent to change something…'
}

/** Where an instruction points: the beginning of what it quotes, or the document. */
export function scopeLabel({ doc, from, quote = '' }: Scope): string {
  return from ? `“${quote.slice(0, QUOTED)}${quote.length > QUOTED ? '…' : ''}”` : doc
}

/** What came of others since the author began to write. */
export function unseenWords(unseen: readonly Pick<IntentView, 'actor' | 'text'>[]): { lead: string; texts: string; seen: string } {
  return {
    lead: `${unseen.length === 1 ? `${unseen[0]!.actor} asked for something` : `${unseen.length} instructions came`} since you began:`,
    texts: unseen.map((one) => one.text).join(' · ').slice(0, UNSEEN_SHOWN),
    seen: `I have seen ${unseen.length === 1 ? 'it' : 'them'}`,
  }
}

/** Whether it is the built-in planner that answers: it knows commands, of which examples are shown. */
export function isBuiltin(planner: string | null): boolean {
  return planner?.startsWith('builtin') ?? false
}

/** Who answers here. */
export function plannerWords(planner: string | null): string {
  if (!planner) return 'No agent is connected to this server.'
  if (isBuiltin(planner)) return 'No model is set up, so the built-in planner answers: it knows commands like these.'
  return `Planned by ${planner}. Say it in your own words.`
}
