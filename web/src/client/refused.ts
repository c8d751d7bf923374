/** What the server did not take, and what its author is shown as not sent. */
import type { ErrorMessage } from './wire'

/** What the server did not take: an intent has its `n`, an edit or a presence its document. */
export interface Refused {
  what: 'intent' | ErrorMessage['what']
  n?: number
  document?: string
  text: string
  code: string
  reason: string
  remedy: string
}
/** What is shown to its author as not sent. */
export interface Unsent { n: number; text: string; problem?: string; remedy?: string }
