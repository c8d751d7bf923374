/** Who is here and where: the token of the link, the workspace of the address, small HTTP calls. Read once, from the browser. */
import { protocolsOf } from '../client/place'
import type { DocumentKind, Role } from '../client/wire'
import { base, keyOf } from './base'
import { readAnswer, requestOf } from './http'
import { readInvitation, readToken, workspaceIn } from './link'
import { signInProblemIn } from './sign_in_words'
import { keep, ofTab } from './stores'

export interface Me { actor: string; role: Role; ws: string | null; planner: string | null }
export interface Workspace {
  id: string
  name: string
  seq: number
  documents: Record<string, DocumentKind>
  /** The id of each document, by name. */
  ids: Record<string, string>
  members: Record<string, Role>
}

export const ws = workspaceIn(location.pathname.slice(base.length))
const found = readToken(ws, location.hash, ofTab)
export const signInProblem = signInProblemIn(location.hash)
export const invitation = readInvitation(ws, location.hash, ofTab)
// Out of the address at once: it would be read over a shoulder, or sent on with the address.
if (found.isFresh || signInProblem || location.hash.includes('invitation=')) history.replaceState(null, '', location.pathname + location.search)
/** The token of this tab; another one once a new link was opened in it. */
export let token = found.token
export const api = `/api/workspaces/${ws}`
export const socketUrl = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${base}/ws/${ws}`

/** The subprotocols of a socket: the server's own, and the token. */
export function protocols(): string[] {
  return protocolsOf(token)
}

/** Call `opened` with the token of a new link to this workspace that is opened in this tab. */
export function followLink(opened: (next: string) => void): void {
  addEventListener('hashchange', () => {
    const next = readToken(ws, location.hash, ofTab)
    if (!next.isFresh) return
    history.replaceState(history.state, '', location.pathname + location.search)
    opened(next.token)
  })
}

/** Another token of the same person counts from here on. */
export function takeToken(next: string): void {
  token = next
  keep(ofTab, `${keyOf(ws)}:token`, next)
}

/** Ask the server something with this tab's token, or another. */
export async function call<T>(method: string, path: string, body?: unknown, as = token): Promise<T> {
  return readAnswer<T>(await fetch(base + path, requestOf(method, as, body)))
}
