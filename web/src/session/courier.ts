/**
 * Brings the server what a page that is gone had not got an answer to: the same acts, on the same lane, under the same
 * numbers, so that none is done twice and none is lost.
 */
import type { Carrier, CarrierEvents } from '../client/carrier'
import { isFinal } from '../client/close_codes'
import { Lane, type IntentMessage, type Store } from '../client/lane'
import { Outbox } from '../client/outbox'
import type { ServerMessage } from '../client/wire'

/** How an act fared that the server did not take. */
export interface Undelivered { intent: IntentMessage; reason: string; remedy: string }

/** Whether a page left acts that nobody has answered. */
export function hasUnanswered(store: Store, key: string): boolean {
  return new Lane(store, key).pending.length > 0
}

export class Courier implements CarrierEvents {
  /** Settles once everything was answered, or the server ended the lane's carrier for good. */
  readonly done: Promise<void>
  private readonly lane: Lane
  private readonly outbox: Outbox
  private readonly carrier: Carrier
  private isWelcome = false
  private finish!: () => void

  constructor(
    private readonly store: Store,
    private readonly key: string,
    connect: (events: CarrierEvents) => Carrier,
    private readonly refused: (what: Undelivered) => void,
  ) {
    this.done = new Promise((resolve) => (this.finish = resolve))
    this.lane = new Lane(store, key)
    this.carrier = connect(this)
    this.outbox = new Outbox(this.lane, (intent) => this.carrier.send(intent))
    this.carrier.connect()
  }

  carrierOpened(): void {
    this.isWelcome = false
    this.outbox.begin()
    const { lane, secret, stamped } = this.lane
    this.carrier.send({ type: 'hello', seen: stamped, follow: false, ...(lane && { lane, secret }) })
  }

  carrierTold(message: ServerMessage): void {
    if (message.type === 'welcome') {
      this.lane.welcome(message.lane, message.secret, message.n)
      this.isWelcome = true
    } else if (message.type === 'ack') this.outbox.acked(message.n)
    else if (message.type === 'nack' && !(message.code === 'gap' && this.outbox.isStale(message.n))) {
      const intent = this.outbox.refused(message.n)
      // Under its number the server has another act of this lane: the page that is gone was not.
      if (intent) this.refused({ intent, reason: message.reason, remedy: message.remedy ?? '' })
    }
    if (!this.isWelcome) return
    if (this.lane.pending.length) this.outbox.flush(() => true)
    else this.end(true)
  }

  carrierClosed(event: Pick<CloseEvent, 'code' | 'reason'> | null): void {
    if (event && isFinal(event.code)) this.end(false)
  }

  private end(isAnswered: boolean): void {
    if (isAnswered) this.store.removeItem(this.key)
    this.carrier.disconnect()
    this.finish()
  }
}
