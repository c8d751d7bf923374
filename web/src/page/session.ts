/** Who is here and where: the token of the link, the workspace of the address, small HTTP calls. Read once, from the browser. */
import { protocolsOf } from '../client/place'
import type { DocumentKind, Role } from '../client/wire'
import { base } from './base'
import { readAnswer, requestOf } from './http'
import { readInvitation, readToken, workspaceIn } from './link'
import { signInProblemIn } from './sign_in_words'

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
const found = readToken(ws, location.hash, sessionStorage)
export const signInProblem = signInProblemIn(location.hash)
export const invitation = readInvitation(ws, location.hash, sessionStorage)
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

/** Call `renewed` when a new link to this workspace is opened in this tab: its token counts from then on. */
export function followLink(renewed: () => void): void {
  addEventListener('hashchange', () => {
    const next = readToken(ws, location.hash, sessionStorage)
    if (!next.isFresh) return
    history.replaceState(history.state, '', location.pathname + location.search)
    token = next.token
    renewed()
  })
}

/** Ask the server something with this tab's token. */
export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  return readAnswer<T>(await fetch(base + path, requestOf(method, token, body)))
}
