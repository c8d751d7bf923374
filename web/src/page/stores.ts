/** What this browser keeps for the page, where it lets the page keep anything: it may be full, or forbid all of it. */
import type { Cupboard } from '../session/shelf'

/** A store that has nothing and takes nothing. */
const NOTHING: Cupboard = {
  length: 0,
  key: () => null,
  getItem: () => null,
  setItem() {
    throw new Error('this browser keeps nothing for this page')
  },
  removeItem() {},
}

/** A browser's store, as `read` hands it out; one that takes nothing where that is forbidden. */
export function storeOf(read: () => Cupboard): Cupboard {
  try {
    const store = read()
    store.getItem('folkmoot')
    return store
  } catch {
    return NOTHING
  }
}

/** Keep a trifle; where there is no room for it, it is not kept. */
export function keep(store: Pick<Cupboard, 'setItem'>, key: string, value: string): void {
  try {
    store.setItem(key, value)
  } catch {
    // Nothing that somebody wrote: the page goes on without it.
  }
}

export const ofBrowser = storeOf(() => localStorage)
export const ofTab = storeOf(() => sessionStorage)
