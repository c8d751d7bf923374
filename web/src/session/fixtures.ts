/** What the tests of what a browser keeps stand in: a store, locks, pages that ask each other, a server that is not there. */
import type { Carrier, CarrierEvents } from '../client/carrier'
import type { ClientMessage } from '../client/wire'
import type { Cupboard } from './shelf'
import type { Surroundings } from './tab'

/** A store that forgets with its test, and can be full. */
export function cupboardOf(): Cupboard & { isFull: boolean; kept: Map<string, string> } {
  const kept = new Map<string, string>()
  return {
    isFull: false,
    kept,
    get length() {
      return kept.size
    },
    key: (at) => [...kept.keys()][at] ?? null,
    getItem: (key) => kept.get(key) ?? null,
    setItem(key, value) {
      if (this.isFull) throw new DOMException('no room', 'QuotaExceededError')
      kept.set(key, value)
    },
    removeItem: (key) => void kept.delete(key),
  }
}

/** One browser: pages made of it know of each other, by locks or by asking. */
export function browserOf(hasLocks: boolean): Surroundings {
  const held = new Set<string>()
  const channels: { onmessage: ((event: MessageEvent) => void) | null }[] = []
  let drawn = 0
  return {
    locks: hasLocks
      ? {
          request: async (name, _options, take) => {
            if (held.has(name)) return take(null)
            held.add(name)
            return take({ name })
          },
        }
      : undefined,
    channel: () => {
      const own: { onmessage: ((event: MessageEvent) => void) | null; postMessage: (data: unknown) => void } = {
        onmessage: null,
        postMessage: (data) => {
          for (const other of channels) if (other !== own) other.onmessage?.({ data } as MessageEvent)
        },
      }
      channels.push(own)
      return own
    },
    draw: () => `t${(drawn += 1)}`,
  }
}

/** A carrier of which a test says what becomes of it. */
export function silentCarrier() {
  const sent: ClientMessage[] = []
  let events: CarrierEvents | null = null
  const calls: string[] = []
  const connect = (by: CarrierEvents): Carrier => {
    events = by
    return {
      isOpen: true,
      connect: () => void calls.push('connect'),
      disconnect: () => void calls.push('disconnect'),
      send: (message) => void sent.push(message),
    }
  }
  return { sent, calls, connect, events: () => events! }
}

/** A `WebSocket` that is never answered. */
export class SilentSocket {
  static readonly OPEN = 1
  readyState = 0
  binaryType = ''
  readonly sent: unknown[] = []
  send(frame: unknown): void {
    this.sent.push(frame)
  }
  close(): void {
    this.readyState = 3
  }
  static install(): void {
    Object.assign(globalThis, { WebSocket: SilentSocket })
  }
}

/** Wait until something holds; a test that waits for ever ends by its own time. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2))
}
