/** For whom the agent is writing, and what it says it is at. */
import type { DraftView, LogView } from '../client/log_view'

/** The heading of a draft; of an instruction this page does not know it names the id. */
export function draftHeading(draft: Pick<DraftView, 'intents'>, log: Pick<LogView, 'intents' | 'steps' | 'actor'>): string {
  const intent = log.intents.get(draft.intents[0] ?? '')
  const step = log.steps.get(intent?.id ?? '')?.at(-1)
  return `✦ The agent is writing for ${intent?.actor === log.actor ? 'you' : (intent?.actor ?? draft.intents[0])}${step ? ` · ${step}` : ''}`
}
