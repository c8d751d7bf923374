/**
 * One lane: this tab's sequence of intents and what its author has seen. No DOM, no network.
 *
 * `seen` is read when the author begins to write (the compose rule): only records that were shown for `noticeMs` count,
 * because under-claiming costs a question and over-claiming would turn a conflict into a silent override.
 */
import type { IntentFrame } from './wire'

export const NOTICE_MS = 2000

/** An intent as a lane sends it: what its author did, about what, and what was seen by then. */
export type IntentMessage = IntentFrame & Required<Pick<IntentFrame, 'kind' | 'text' | 'seen'>>
export interface Kept { lane: string; secret: string; n: number; seen: number; pending: IntentMessage[] }
export interface Store {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

export class Lane {
  lane = ''
  secret = ''
  n = 0
  /** The highest `seq` applied and shown, without gaps. */
  shown = 0
  /** The last stamp this lane has sent: stamps never go back. */
  stamped = 0
  /** Sent or still to be sent, and not answered yet, in order of `n`. */
  pending: IntentMessage[] = []
  private composedAt: number | null = null
  private arrivals: { seq: number; at: number }[] = []

  constructor(private readonly store: Store, private readonly key: string, private readonly now: () => number = Date.now) {
    const kept = this.read()
    if (kept) {
      this.lane = kept.lane
      this.secret = kept.secret
      this.n = kept.n
      this.stamped = kept.seen
      this.pending = kept.pending
    }
  }

  private read(): Kept | null {
    try {
      return JSON.parse(this.store.getItem(this.key) ?? 'null') as Kept | null
    } catch {
      return null
    }
  }

  private keep(): void {
    const kept: Kept = { lane: this.lane, secret: this.secret, n: this.n, seen: this.stamped, pending: this.pending }
    this.store.setItem(this.key, JSON.stringify(kept))
  }

  /** The server gave (or confirmed) the lane; intents it already has are not pending any more. */
  welcome(lane: string, secret: string, n: number): void {
    this.lane = lane
    this.secret = secret
    // A server that stands before what waits here (it was restored) has none of it: it goes on where the server does.
    if ((this.pending[0]?.n ?? 0) > n + 1) this.pending.forEach((intent, at) => (intent.n = n + 1 + at))
    this.n = Math.max(n, this.pending.at(-1)?.n ?? 0)
    this.keep()
  }

  /** Start a new lane: the server has seen another copy of this one. Unanswered intents are numbered anew. */
  renew(): void {
    this.lane = ''
    this.secret = ''
    this.stamped = 0
    // The same ones under other numbers: whoever waits for an answer knows them as they are.
    this.pending.forEach((intent, at) => (intent.n = at + 1))
    this.n = this.pending.length
    this.store.removeItem(this.key)
  }

  /** Everything up to `from` is what the page was opened with. */
  begin(from: number): void {
    this.shown = Math.max(this.shown, from)
  }

  /** A record has been applied and shown. Gaps never happen on one socket; a gap would stop `seen` from rising. */
  show(seq: number, atOpening = false): boolean {
    if (seq <= this.shown) return false
    this.shown = seq
    // What the page shows when it opens did not pop up under anybody's hands: it counts at once.
    this.arrivals.push({ seq, at: atOpening ? 0 : this.now() })
    if (this.arrivals.length > 5000) this.arrivals.splice(0, 2500)
    return true
  }

  /** The highest `seq` that was on screen long enough to have been noticed. */
  noticed(): number {
    const limit = this.now() - NOTICE_MS
    const fresh = this.arrivals.find((arrival) => arrival.at > limit)
    return Math.max(this.stamped, fresh ? fresh.seq - 1 : this.shown)
  }

  /** The author begins to write: the clock is read here, not at send. Again changes nothing. */
  compose(): number {
    this.composedAt ??= this.noticed()
    return this.composedAt
  }

  /** The stamp of the instruction being written, or null. */
  get composing(): number | null {
    return this.composedAt
  }

  /** The author says: I have seen what came since. */
  acknowledge(): number {
    this.composedAt = this.shown
    return this.shown
  }

  /** An instruction that was begun before this page was loaded goes on under the stamp of then. */
  resume(seen: number): void {
    this.composedAt = Math.min(seen, this.composedAt ?? seen)
  }

  /** The author acts on what `seq` brought (a button beside it): that, and what came before, was noticed. */
  vouch(seq: number): void {
    this.composedAt = Math.max(this.composedAt ?? this.noticed(), Math.min(seq, this.shown))
  }

  /** The author puts the instruction away. */
  discard(): void {
    this.composedAt = null
  }

  /** Number and stamp an intent; it stays pending until it is answered. */
  issue(intent: Omit<IntentMessage, 'type' | 'n' | 'seen'>): IntentMessage {
    const seen = Math.max(this.composedAt ?? this.noticed(), this.stamped)
    this.composedAt = null
    this.n += 1
    this.stamped = seen
    const message: IntentMessage = { type: 'intent', n: this.n, seen, ...intent }
    this.pending.push(message)
    this.keep()
    return message
  }

  /** An intent is in the log. */
  acked(n: number): void {
    this.pending = this.pending.filter((intent) => intent.n !== n)
    this.keep()
  }

  /** An intent was refused: its number is free again; the ones behind it move up. Returns what must be sent again. */
  nacked(n: number): IntentMessage[] {
    this.pending = this.pending.filter((intent) => intent.n !== n)
    this.n = n - 1
    for (const intent of this.pending) if (intent.n > n) intent.n = ++this.n
    this.keep()
    return this.pending.filter((intent) => intent.n >= n)
  }
}
