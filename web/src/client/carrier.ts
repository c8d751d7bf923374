/** What carries the control channel: a socket of its own, or that of a document. */
import type { ClientMessage, ServerMessage } from './wire'

export interface Carrier {
  readonly isOpen: boolean
  connect(): void
  disconnect(): void
  /** Begin anew at once, where it may be dead. */
  again?(): void
  /** Send where it is open; else nothing is sent. */
  send(message: ClientMessage): void
}

/** What a carrier tells whoever speaks on it. */
export interface CarrierEvents {
  carrierOpened(): void
  carrierTold(message: ServerMessage): void
  /** It ended, with the server's word where that gave one; unless this was for good it is made again. */
  carrierClosed(event: Pick<CloseEvent, 'code' | 'reason'> | null): void
}
