/** What a question shows beside its words: on the server a JSON object that several steps put their part in. */
import type { Effect, Receiver, Role } from './wire'

/** An intent as a question shows it: whose it is and what its author had seen. */
export interface DescribedIntent {
  id: string
  actor: string
  role: Role
  rank: number
  text: string
  seen: number
  seq: number
}
/** An effect as an approval shows it, with the receiver it is for. */
export interface ShownEffect extends Effect { receiver: Pick<Receiver, 'kind' | 'address'> }
/** A document as it is, and as it would be by each intent alone; of a crowd, by twelve of them. */
export interface ShownDocument { before: string; outcomes: Record<string, string> }
export interface Evidence {
  /** All that a plan would do outside of where its author points. */
  does?: string[]
  effects?: ShownEffect[]
  intents?: DescribedIntent[]
  documents?: Record<string, ShownDocument>
  /** Those of the intents that are done already. */
  late?: string[]
}
