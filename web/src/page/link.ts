/** The links that open a workspace: `/w/<workspace>#token=…`, and `#invitation=…` for whoever is to become a member. */
import type { Store } from '../client/lane'
import { keyOf } from './base'
import { keep } from './stores'

/** The workspace, as it stands in the address: an id needs no encoding, and what is no id goes on as it came. */
export function workspaceIn(pathname: string): string {
  return pathname.split('/')[2] || 'demo'
}

/**
 * The token: from the link the first time, then from this tab's store. `isFresh` where it came with the link: then the
 * address must not go on showing it.
 */
export function readToken(ws: string, hash: string, store: Store): { token: string; isFresh: boolean } {
  const key = `${keyOf(ws)}:token`
  const found = new URLSearchParams(hash.slice(1)).get('token')
  if (!found) return { token: found ?? store.getItem(key) ?? '', isFresh: false }
  keep(store, key, found)
  return { token: found, isFresh: true }
}

/** The token in what somebody pastes: a whole link, its end, or the token itself; empty where there is none. */
export function tokenIn(pasted: string): string {
  const text = pasted.trim()
  const end = text.slice(text.indexOf('#') + 1)
  const found = new URLSearchParams(end).get('token')
  return found ?? (/^fm_\w+$/.test(text) ? text : '')
}

/** The invitation: from the link the first time, then from this tab's store, until it was taken up or put away. */
export function readInvitation(ws: string, hash: string, store: Store): string {
  const found = new URLSearchParams(hash.slice(1)).get('invitation')
  if (found) keep(store, invitationKey(ws), found)
  return found ?? store.getItem(invitationKey(ws)) ?? ''
}

/** Forget the invitation; and the token, where a session has come in its place. */
export function forgetInvitation(ws: string, store: Store, isMember: boolean): void {
  store.removeItem(invitationKey(ws))
  if (isMember) store.removeItem(`${keyOf(ws)}:token`)
}

function invitationKey(ws: string): string {
  return `${keyOf(ws)}:invitation`
}
