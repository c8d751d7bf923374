/** The operator's token: from a link `/admin#token=…` the first time, then from this tab's store; gone with the tab. */
import type { Store } from '../client/lane'
import { keyOf } from '../page/base'
import { readToken } from '../page/link'

const KEPT = `${keyOf('/admin')}:token`

/** The token, and whether it stood in the address: then the address must not go on showing it. */
export function readOperatorKey(hash: string, store: Store): { token: string; isFresh: boolean } {
  const found = new URLSearchParams(hash.slice(1)).get('token')
  if (found) store.setItem(KEPT, found)
  return { token: found || (store.getItem(KEPT) ?? ''), isFresh: found !== null }
}

/** Keep a token that was typed, or pasted, in; a whole link will do. What is returned is the token. */
export function keepOperatorKey(given: string, store: Store): string {
  const token = /#token=([^&\s]+)/.exec(given)?.[1] ?? given.trim()
  store.setItem(KEPT, token)
  return token
}

/** Sign out. */
export function forgetOperatorKey(store: Store): void {
  store.removeItem(KEPT)
}

/** Let this tab open a workspace as the operator, unless somebody is in it already; no address shows the token. */
export function handOver(ws: string, token: string, store: Store): void {
  if (!readToken(ws, '', store).token) readToken(ws, `#token=${encodeURIComponent(token)}`, store)
}
