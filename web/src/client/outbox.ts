/**
 * A lane's acts on their way to the server: sent in order, each once on a carrier, as soon as what it depends on can be
 * told; answered by number, sent again by number on the next carrier. No DOM.
 */
import { InFlight } from './in_flight'
import type { IntentMessage, Lane } from './lane'

export class Outbox {
  /** What the carrier of now has been sent and the server has not answered. */
  private readonly inFlight = new InFlight()
  /** Up to which number what is pending went out on it. */
  private out = 0
  /** What has gone out on any carrier: the server may have it. */
  private readonly gone = new WeakSet<IntentMessage>()

  constructor(private readonly lane: Lane, private readonly send: (intent: IntentMessage) => void) {}

  /** The oldest that was sent and not answered: what a close is about. */
  get first(): number | undefined {
    return this.inFlight.first
  }

  /** A new carrier: nothing was sent on it. */
  begin(): void {
    this.inFlight.clear()
    this.out = 0
  }

  /** Send what did not go out yet, in order, up to the first that is not ready. */
  flush(isReady: (intent: IntentMessage) => boolean): void {
    for (const intent of this.lane.pending) {
      if (intent.n <= this.out) continue
      if (!isReady(intent)) return
      this.out = intent.n
      this.inFlight.sent(intent.n)
      this.gone.add(intent)
      this.send(intent)
    }
  }

  /** The server has entered it. Returns what it was. */
  acked(n: number): IntentMessage | undefined {
    const intent = this.lane.pending.find((one) => one.n === n)
    this.inFlight.answered(n)
    this.lane.acked(n)
    return intent
  }

  /** Take one back that never went out; false where the server may have it. */
  takeBack(intent: IntentMessage): boolean {
    if (this.gone.has(intent) || !this.lane.pending.includes(intent)) return false
    this.setAside(intent.n)
    return true
  }

  /** Another lane begins: the server has seen a copy of this one. */
  renewed(n: number): void {
    this.inFlight.answered(n)
    this.lane.renew()
  }

  /** Whether a refusal for a gap is about what was numbered anew since. */
  isStale(n: number): boolean {
    return this.inFlight.isStale(n)
  }

  /** The server does not take it: what is behind it is numbered anew and goes out again. Returns what it was. */
  refused(n: number): IntentMessage | undefined {
    this.inFlight.refused(n)
    return this.setAside(n)
  }

  /** Take one out of what waits, without an answer to it. */
  setAside(n: number): IntentMessage | undefined {
    const intent = this.lane.pending.find((one) => one.n === n)
    if (!intent) return undefined
    this.lane.nacked(n)
    this.out = Math.min(this.out, n - 1)
    return intent
  }
}
