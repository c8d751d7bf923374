/** How this page stands with the server, in a word. */

/** Close codes from here on are final: the provider does not try again. */
const FINAL_FIRST = 4400
const FINAL_END = 4500

export interface Standing {
  online: boolean
  welcomed: boolean
  /** Whether all that the server has of the document is here. */
  synced: boolean
  unsaved: boolean
}
export interface ConnectionState { words: string; tone: 'good' | 'busy' | 'bad' }

/** Why a connection was closed for good; empty where it may come back. */
export function finalReason(event: Pick<CloseEvent, 'code' | 'reason'> | null): string {
  return event && event.code >= FINAL_FIRST && event.code < FINAL_END ? event.reason || `closed (${event.code})` : ''
}

/** What is said of the connection. `closed` is the reason for which it was closed for good, if it was. */
export function connectionState({ online, welcomed, synced, unsaved }: Standing, closed: string): ConnectionState {
  if (closed) return { words: closed, tone: 'bad' }
  if (!online) return { words: 'offline: your edits and instructions wait here', tone: 'bad' }
  if (!welcomed) return { words: 'connecting…', tone: 'busy' }
  if (!synced) return { words: 'loading…', tone: 'busy' }
  return unsaved ? { words: 'saving…', tone: 'busy' } : { words: 'saved', tone: 'good' }
}
