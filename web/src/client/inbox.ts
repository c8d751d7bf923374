/**
 * Own verdicts that wait to be acknowledged, on any device. No DOM.
 *
 * The server keeps what is acknowledged; here stands what it said last, without what was acknowledged since. An
 * acknowledgement made while offline is sent with the next welcome.
 */
import type { InboxEntry, InboxMessage } from './wire'

const KEPT = 500

export class Inbox {
  /** How many more there are than the server has shown. */
  more = 0
  /** Whether the author looks at what arrives: set by a page. */
  isWatched: () => boolean = () => false
  private entries: InboxEntry[] = []
  private sent = new Set<string>()

  /** `send` carries an acknowledgement; `isExpected` says of what has just ended whether its author need not be told. */
  constructor(
    private readonly send: (ids: string[]) => void,
    private readonly isExpected: (entry: InboxEntry) => boolean = () => false,
  ) {}

  /** What waits, newest first. */
  get waiting(): InboxEntry[] {
    return this.entries.filter((entry) => !this.sent.has(entry.id))
  }

  /** The author has read these; they are gone here at once, and everywhere once the server has kept it. */
  acknowledge(ids: string[]): void {
    const asked = new Set(ids)
    const read = this.waiting.map((entry) => entry.id).filter((id) => asked.has(id))
    if (!read.length) return
    for (const id of read) this.sent.add(id)
    this.send(read)
  }

  /** The server tells what waits, or that something has just ended; what was expected, before watching eyes, is read. */
  take(message: InboxMessage): void {
    const known = new Set(this.entries.map((entry) => entry.id))
    if (message.whole) {
      this.entries = message.intents
      this.more = message.more
      const left = new Set(this.entries.map((entry) => entry.id))
      this.sent = new Set([...this.sent].filter((id) => left.has(id)))
      return
    }
    const fresh = message.intents.filter((entry) => !known.has(entry.id))
    this.entries = [...fresh, ...this.entries].slice(0, KEPT)
    if (this.isWatched()) this.acknowledge(fresh.filter(this.isExpected).map((entry) => entry.id))
  }

  /** A new connection: what the last one may have lost is said again. */
  again(): void {
    if (this.sent.size) this.send([...this.sent])
  }

  /** The server did not take something: what was acknowledged may still wait. */
  refused(): void {
    this.sent.clear()
  }
}
