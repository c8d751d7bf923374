/**
 * The intents that went out on this socket and wait for an answer, by number, oldest first: the first is what a close is
 * about. No DOM.
 */
export class InFlight {
  private waiting: number[] = []
  /** Sent behind an intent that was refused: the server answers that they leave a gap, and they were sent anew by then. */
  private stale: number[] = []

  /** The oldest that was not answered, if there is one. */
  get first(): number | undefined {
    return this.waiting[0]
  }

  /** A new socket: nothing was sent on it. */
  clear(): void {
    this.waiting = []
    this.stale = []
  }

  sent(n: number): void {
    this.waiting.push(n)
  }

  answered(n: number): void {
    const at = this.waiting.indexOf(n)
    if (at >= 0) this.waiting.splice(at, 1)
  }

  /** Whether a refusal for a gap is about what was sent anew since; it is counted once. */
  isStale(n: number): boolean {
    const at = this.stale.indexOf(n)
    if (at >= 0) this.stale.splice(at, 1)
    return at >= 0
  }

  /** `n` was refused: it is answered, and the server takes none of those behind it under the numbers they went out with. */
  refused(n: number): void {
    const behind = this.waiting.slice(this.waiting.indexOf(n) + 1)
    this.answered(n)
    this.waiting = this.waiting.slice(0, this.waiting.length - behind.length)
    this.stale.push(...behind)
  }
}
