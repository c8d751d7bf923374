/** People in words, as the one who reads sees them: oneself is “you”. */

/** Whose something is, before a noun. */
export function whose(actor: string, me: string): string {
  return actor === me ? 'your' : `${actor}’s`
}

/** The same at the beginning of a sentence. */
export function whoseFirst(actor: string, me: string): string {
  return actor === me ? 'Your' : `${actor}’s`
}

/** Who did something. */
export function who(actor: string, me: string): string {
  return actor === me ? 'you' : actor
}
