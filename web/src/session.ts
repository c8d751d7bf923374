/** Who is here and where: the token of the link, the workspace of the address, small HTTP calls. */
import type { Role } from './wire'

export interface Me { actor: string; role: Role; ws: string | null; planner: string | null }
export interface Workspace {
  id: string
  name: string
  seq: number
  documents: Record<string, 'text' | 'data' | 'rich'>
  members: Record<string, Role>
}
export class Denied extends Error {}

/** The workspace, as it stands in the address: an id needs no encoding, and what is no id goes on as it came. */
export const ws = location.pathname.split('/')[2] || 'demo'
const KEY = `folkmoot:${ws}:token`

/** The token: from the link the first time (and out of the address at once), then from this tab. */
function readToken(): string {
  const found = new URLSearchParams(location.hash.slice(1)).get('token')
  if (found) {
    sessionStorage.setItem(KEY, found)
    sessionStorage.removeItem(`folkmoot:${ws}:lane`)
    history.replaceState(null, '', location.pathname + location.search)
  }
  return found ?? sessionStorage.getItem(KEY) ?? ''
}
export const token = readToken()

export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(path, {
    method,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  const answer = response.status === 204 ? null : await response.json()
  if (response.status === 401 || response.status === 404) throw new Denied(answer?.detail ?? 'Not allowed.')
  if (!response.ok) throw new Error(answer?.detail ?? `The server answered ${response.status}.`)
  return answer as T
}

export const api = `/api/workspaces/${ws}`
export const socketUrl = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws/${ws}`

const COLOURS = ['#c2410c', '#0e7490', '#4d7c0f', '#a21caf', '#b45309', '#1d4ed8', '#be123c', '#047857']
export function colourOf(name: string): string {
  let sum = 0
  for (const char of name) sum = (sum * 31 + char.codePointAt(0)!) >>> 0
  return COLOURS[sum % COLOURS.length]!
}

/** A person's colour as ink: mixed with the text colour, so that it reads on light and dark. */
export function inkOf(name: string): string {
  return `color-mix(in srgb, ${colourOf(name)} 62%, var(--ink))`
}
