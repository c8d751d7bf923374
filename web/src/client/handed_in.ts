/**
 * What a program hands in (a store, a class of sockets, listeners, a signal) may be wrong, and may throw at any time: it is
 * looked at where it comes in, and called so that it breaks nothing of what goes on here. No DOM.
 */
import { FolkmootError } from './folkmoot_error'
import type { Kept, Store } from './lane'
import { memoryStore } from './memory_store'
import type { SocketClass } from './open'

/** No close of a server: a socket that was never made. */
const NEVER_MADE = 1006

/** Throw `bad_option`, unless it is so. */
export function expectOption(isSo: boolean, problem: string, remedy: string): void {
  if (!isSo) throw new FolkmootError('bad_option', problem, remedy)
}

/**
 * A store that never throws: one that cannot keep is as if there were none, and what it kept and is no lane is passed over.
 * In memory where none is given. Throws `bad_option` where it is no store.
 */
export function guardedStore(store: Store | null | undefined): Store {
  const given = store ?? memoryStore()
  const isStore = (['getItem', 'setItem', 'removeItem'] as const).every((name) => typeof given[name] === 'function')
  expectOption(isStore, 'A store has `getItem`, `setItem` and `removeItem`.', 'Pass `localStorage`, something with these three functions, or leave `store` out.')
  return {
    getItem: (key) => {
      try {
        const kept: unknown = given.getItem(key)
        // What comes later is nothing: a lane begins at once.
        if (typeof kept !== 'string') quietly(() => kept)
        else if (isKept(JSON.parse(kept))) return kept
        return null
      } catch {
        return null
      }
    },
    setItem: (key, value) => quietly(() => given.setItem(key, value)),
    removeItem: (key) => quietly(() => given.removeItem(key)),
  }
}

/** Do it, or not: also where it says only later that it was not done. */
function quietly(does: () => unknown): void {
  try {
    void Promise.resolve(does()).catch(() => undefined)
  } catch {
    // The lane is in memory as well: only a restart loses it.
  }
}

/** Whether what a store kept is a lane. */
function isKept(read: unknown): read is Kept {
  const { lane, secret, n, seen, pending } = fieldsOf(read)
  return typeof lane === 'string' && typeof secret === 'string' && isCount(n) && isCount(seen) && Array.isArray(pending) && pending.every(isIntent)
}

function isIntent(read: unknown): boolean {
  const { type, n, seen, kind, text } = fieldsOf(read)
  return type === 'intent' && isCount(n) && isCount(seen) && typeof kind === 'string' && typeof text === 'string'
}

function fieldsOf(read: unknown): Record<string, unknown> {
  return typeof read === 'object' && read ? { ...read } : {}
}

function isCount(read: unknown): boolean {
  return Number.isSafeInteger(read) && Number(read) >= 0
}

/**
 * A class whose sockets can always be made: one that throws (a page over https may not open `ws:`) is closed at once, as
 * unreachable, with what it threw as the reason. Throws `bad_option` where it is no class.
 */
export function guardedSocket(Socket: SocketClass): SocketClass {
  expectOption(isClass(Socket), '`WebSocket` is the class that opens sockets.', 'Pass that of the package `ws`, or leave it out where there is a global one.')
  return new Proxy(Socket, {
    construct: (target, given: unknown[]) => {
      try {
        return Reflect.construct(target, given) as object
      } catch (error) {
        return neverMade(error)
      }
    },
  })
}

function isClass(given: unknown): boolean {
  try {
    // Takes it for the class of a plain object, and does not call it.
    Reflect.construct(Object, [], given as NewableFunction)
    return true
  } catch {
    return false
  }
}

function neverMade(error: unknown): object {
  const socket: { readyState: number; onclose?: (event: object) => void; send: () => void; close: () => void } = { readyState: 3, send: () => undefined, close: () => undefined }
  queueMicrotask(() => socket.onclose?.({ code: NEVER_MADE, reason: error instanceof Error ? error.message : String(error) }))
  return socket
}

/**
 * A listener that breaks nothing: what it throws is reported as that of an event's is, and whoever comes after it is called.
 * Throws `bad_option` where it is no function.
 */
export function guardedListener<Given extends unknown[]>(listener: (...given: Given) => unknown): (...given: Given) => void {
  expectOption(typeof listener === 'function', 'A listener is a function.', 'Pass a function.')
  return (...given) => {
    try {
      listener(...given)
    } catch (error) {
      // Node has no `reportError`; there it is an uncaught exception, as with its own events.
      if (typeof reportError === 'function') reportError(error)
      else queueMicrotask(() => { throw error })
    }
  }
}

/** A signal as it may be given, or none. Throws `bad_option`. */
export function signalOf(given: AbortSignal | null | undefined): AbortSignal | undefined {
  expectOption(given == null || (typeof given.addEventListener === 'function' && typeof given.throwIfAborted === 'function'), '`signal` is that of an `AbortController`.', 'Pass `controller.signal`, or leave it out.')
  return given ?? undefined
}
