/** What is said where a sign-in by an account elsewhere did not come to its end. */

const WORDS: Record<string, string> = {
  sign_in_failed: 'You were not signed in: the other server did not let you in, or what it said does not hold. Try again.',
  sign_in_over: 'You were not signed in: it was begun in another window, or took too long. Begin again.',
  rate_limited: 'You were not signed in: that was very often of late. Wait a minute and sign in again.',
  login_taken: 'This account is already somebody else’s here. Sign out first, then sign in with it.',
}

/** The words for a code that stands behind the `#` of the address on the way back; empty where there is none. */
export function signInWords(code: string): string {
  return code ? (WORDS[code] ?? 'You were not signed in. Try again.') : ''
}

/** The code in an address's fragment. */
export function signInProblemIn(hash: string): string {
  return new URLSearchParams(hash.slice(1)).get('problem') ?? ''
}
