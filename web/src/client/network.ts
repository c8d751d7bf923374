/** When the browser has lost or found a network, whether the server still answers is asked at once. No DOM. */
import * as encoding from 'lib0/encoding'
import type { WebsocketProvider } from 'y-websocket'
import { writeSyncStep1 } from 'y-protocols/sync'

/** After so long without a word y-websocket takes a connection for dead, and makes a new one. */
export const SILENCE_MS = 30_000
/** How long the server may take to answer. */
export const PATIENCE_MS = 4_000
const SYNC = 0

type Reached = Pick<WebsocketProvider, 'wsconnected' | 'wsLastMessageReceived' | 'doc'> & { ws: Pick<WebSocket, 'send'> | null }

/** Ask for what the document lacks, which is answered at once; where nothing is, the provider ends the connection soon. */
export function ask(provider: Reached, now: number): void {
  if (!provider.wsconnected || !provider.ws) return
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, SYNC)
  writeSyncStep1(encoder, provider.doc)
  // Whatever comes from the server sets this to now: then the connection is as good as before.
  provider.wsLastMessageReceived = Math.min(provider.wsLastMessageReceived, now - SILENCE_MS + PATIENCE_MS)
  provider.ws.send(encoding.toUint8Array(encoder) as Uint8Array<ArrayBuffer>)
}

/** Ask whenever `host` says that the network went or came; returns how to stop. */
export function followNetwork(provider: Reached, host: EventTarget, now: () => number = Date.now): () => void {
  return onNetwork(() => ask(provider, now()), host)
}

/** Call `listener` whenever `host` says that the network went or came; node says neither. Returns how to stop. */
export function onNetwork(listener: () => void, host: Partial<EventTarget> = globalThis): () => void {
  for (const kind of ['offline', 'online']) host.addEventListener?.(kind, listener)
  return () => {
    for (const kind of ['offline', 'online']) host.removeEventListener?.(kind, listener)
  }
}
