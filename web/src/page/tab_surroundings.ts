/** What this browser gives to tell its pages apart. Read from the browser at once. */
import type { Store } from '../client/lane'
import type { Surroundings } from '../session/tab'
import { keep, ofTab } from './stores'

/** What a tab keeps over a reload. */
export function tabStore(): Store {
  return { getItem: (key) => ofTab.getItem(key), setItem: (key, value) => keep(ofTab, key, value), removeItem: (key) => ofTab.removeItem(key) }
}

export function tabSurroundings(): Surroundings {
  return {
    // Secure pages only.
    locks: navigator.locks as Surroundings['locks'] | undefined,
    channel: (name) => new BroadcastChannel(name),
    draw: () => [...crypto.getRandomValues(new Uint32Array(3))].map((part) => part.toString(36)).join(''),
  }
}
