/** How this page stands with the server, in a word. */
import { UNAUTHENTICATED, type Ending } from '../client/close_codes'

export interface Standing {
  /** A connection was there, or was tried, and is not there now. */
  lost: boolean
  welcomed: boolean
  /** Whether all that the server has of the document is here. */
  synced: boolean
  unsaved: boolean
  /** Whether this browser keeps what is written, so that the page may be closed. */
  kept: boolean
}
export interface ConnectionState { words: string; tone: 'good' | 'busy' | 'bad' }

/** The server's word for why it has ended a connection, without its code. */
export function endedWords(reason: string): string {
  return reason.replace(/^[a-z_]+: /, '')
}

/**
 * Whether nothing more is to be written here: the server has closed it for good. Whose link has ended may write on: it
 * stays in the browser, and goes out under a new link.
 */
export function isClosed(...endings: readonly (Pick<Ending, 'code'> | null)[]): boolean {
  return endings.some((ending) => ending !== null && ending.code !== UNAUTHENTICATED)
}

/** What is said of the connection. `closed` is the reason for which it was closed for good, if it was. */
export function connectionState({ lost, welcomed, synced, unsaved, kept }: Standing, closed: string): ConnectionState {
  if (closed) return { words: closed, tone: 'bad' }
  if (lost) return { words: kept ? 'offline: your edits and instructions wait here' : 'offline: keep this page open, this browser keeps nothing for it', tone: 'bad' }
  if (!welcomed) return { words: 'connecting…', tone: 'busy' }
  if (!synced) return { words: 'loading…', tone: 'busy' }
  return unsaved ? { words: 'saving…', tone: 'busy' } : { words: 'saved', tone: 'good' }
}
