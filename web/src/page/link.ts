/** The links that open a workspace: `/w/<workspace>#token=…`, and `#invitation=…` for whoever is to become a member. */
import type { Store } from '../client/lane'

/** The workspace, as it stands in the address: an id needs no encoding, and what is no id goes on as it came. */
export function workspaceIn(pathname: string): string {
  return pathname.split('/')[2] || 'demo'
}

/**
 * The token: from the link the first time, then from this tab's store. `isFresh` where it came with the link: then it is
 * another person, maybe, who begins a lane of the own, and the address must not go on showing it.
 */
export function readToken(ws: string, hash: string, store: Store): { token: string; isFresh: boolean } {
  const key = `folkmoot:${ws}:token`
  const found = new URLSearchParams(hash.slice(1)).get('token')
  if (!found) return { token: found ?? store.getItem(key) ?? '', isFresh: false }
  store.setItem(key, found)
  store.removeItem(laneKey(ws))
  return { token: found, isFresh: true }
}

/** Where in its store a tab keeps the lane of a workspace. */
export function laneKey(ws: string): string {
  return `folkmoot:${ws}:lane`
}

/** The invitation: from the link the first time, then from this tab's store, until it was taken up or put away. */
export function readInvitation(ws: string, hash: string, store: Store): string {
  const found = new URLSearchParams(hash.slice(1)).get('invitation')
  if (found) store.setItem(invitationKey(ws), found)
  return found ?? store.getItem(invitationKey(ws)) ?? ''
}

/** Forget the invitation; and the token, where a session has come in its place: a lane of its own begins with it. */
export function forgetInvitation(ws: string, store: Store, isMember: boolean): void {
  store.removeItem(invitationKey(ws))
  if (!isMember) return
  store.removeItem(`folkmoot:${ws}:token`)
  store.removeItem(laneKey(ws))
}

function invitationKey(ws: string): string {
  return `folkmoot:${ws}:invitation`
}
