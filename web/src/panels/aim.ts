/** An instruction that the next one is about: what is asked adds to it, or comes in its place. */
import type { IntentView } from '../client/log_view'
import { whose } from './whose'

export interface Aim { kind: 'steer' | 'override'; intent: IntentView }

/** Whether there is nothing left to add to: what was aimed at has ended. What comes in its place may come after its end. */
export function isOver(aim: Aim, intents: ReadonlyMap<string, IntentView>): boolean {
  return aim.kind === 'steer' && intents.get(aim.intent.id)?.verdict !== undefined
}

/** What an aim means, in words. */
export function aimWords({ kind, intent }: Aim, me: string): string {
  return `${kind === 'steer' ? 'adds to' : 'in place of'} ${whose(intent.actor, me)} instruction`
}
