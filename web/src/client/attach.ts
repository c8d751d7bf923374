/** The library's way in where a document's own socket carries everything: a stock provider, and a room on it. No DOM. */
import type { WebsocketProvider } from 'y-websocket'
import { AskingRoom } from './asking_room'
import { guardedStore } from './handed_in'
import type { Store } from './lane'
import { documentOf } from './names'

/**
 * Speak the control channel on a provider's socket. `key` names the lane's place in the store, one per tab; `doc` the
 * document, by default what the provider's room name opens; `id` its id, where that is known.
 */
export function attach(provider: WebsocketProvider, options?: { store?: Store; key?: string; from?: number; doc?: string; id?: string }): AskingRoom {
  const room = new AskingRoom({ store: guardedStore(options?.store), key: options?.key ?? `folkmoot:${provider.url}`, from: options?.from })
  room.carry(provider, { name: options?.doc ?? documentOf(provider.roomname), id: options?.id })
  return room
}
