/** The error that everything here rejects with. No DOM. */

/** Why something was not done: `code` for programs (protocol §2.6), `message` for people, `remedy` what to do about it. */
export class FolkmootError extends Error {
  override readonly name = 'FolkmootError'

  constructor(readonly code: string, message: string, readonly remedy = '') {
    super(message)
  }
}
