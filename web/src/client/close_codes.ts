/** What the codes mean with which the server closes a socket (docs/protocol.md). */

/** Codes from here on are final: a stock provider does not try again either. */
const FINAL_FIRST = 4400
const FINAL_END = 4500

export const MALFORMED = 4400
export const UNAUTHENTICATED = 4401
export const TOO_BIG = 1009

/** Whether a socket that was closed so is not made again. */
export function isFinal(code: number): boolean {
  return code >= FINAL_FIRST && code < FINAL_END
}

/** Why a connection is over for good: a close code, and the server's words. */
export interface Ending { code: number; reason: string }

/** What a close says. */
export function endingOf({ code, reason }: Pick<CloseEvent, 'code' | 'reason'>): Ending {
  return { code, reason: reason || `closed (${code})` }
}
