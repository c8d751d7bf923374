/** What may be done about a verdict, by whom. The server decides again; here stands what is offered. */
import type { IntentView, LogView } from '../client/log_view'
import { RANKS, type VerdictBody } from '../client/wire'
import { who } from './whose'

export interface VerdictActs {
  /** The commit that may be taken back; empty where it may not. */
  undo: string
  approve: boolean
  override: boolean
  /** By whom it was taken back, if it was. */
  undoneBy: string
}

/** What is offered to this person about how an intent ended. */
export function actsOn(log: Pick<LogView, 'intents' | 'actor' | 'role'>, intent: IntentView, { can = [], commit = '' }: VerdictBody): VerdictActs {
  const { actor, role } = log
  const undoing = commit ? [...log.intents.values()].find((one) => one.kind === 'undo' && one.state === 'done' && one.refs[0] === commit) : undefined
  const stands = intent.actor === actor || RANKS[role] >= RANKS[intent.role]
  return {
    undo: can.includes('undo') && !undoing && intent.kind !== 'undo' && stands ? commit : '',
    approve: can.includes('approve') && role !== 'viewer' && role !== 'commenter',
    override: can.includes('override') && (intent.kind === 'do' || intent.kind === 'override') && role !== 'viewer',
    undoneBy: undoing ? who(undoing.actor, actor) : '',
  }
}
