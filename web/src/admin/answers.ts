/** What `/api/admin` answers (docs/operator.md), and what the page keeps of several of its pages. */

export interface Noted { at: string; by: string; subject: string; detail: string }
export interface ServerStop { by: string; since: string; reason: string }
export interface ServerCard {
  version: string
  database: { kind: string; bytes: number; schema: number; log_format: number }
  started: string | null
  uptime_s: number | null
  rooms: number | null
  sockets: number | null
  workspaces: number
  keys: number
  backup: Noted | null
  anchor: Noted | null
  stopped: boolean
  stops: ServerStop[]
}
export interface WorkspaceRow {
  id: string
  name: string
  created: string
  active: string
  owners: string[]
  more_owners: boolean
  members: number
  records: number
  epoch: number
  open: boolean
  sockets: number | null
  documents: { living: number; archived: number; deleted: number } | null
  live: number | null
  questions: number | null
  aside: number | null
  quarantined: Record<string, string>
  as_of: number | null
  stops: ServerStop[]
  order: { on: boolean; by: string; since: string; reason: string } | null
  bytes: { log: number; journal: number; snapshots: number } | null
  measured: boolean
}
export interface KeyRow {
  id: string
  kind: 'session' | 'token'
  who: string
  ws: string | null
  workspaces: number | null
  role: string
  scope: string
  label: string
  created: string
  used: string
  from: string
  expires: number | null
  own: boolean
}
export interface PageOf<T> { rows: T[]; next: string | null }

/** How many rows are asked for at once, and how many a list on the page has at most: each is read again every few seconds. */
export const ROWS_AT_ONCE = 100
export const ROWS_MAX = 1_000

/** The address of a page of a list: `from` is where the last one ended. */
export function addressOfPage(list: 'workspaces' | 'sessions', find: string, from: string): string {
  const query = new URLSearchParams({ limit: String(ROWS_AT_ONCE) })
  if (find.trim()) query.set('find', find.trim())
  if (from) query.set(list === 'workspaces' ? 'after' : 'before', from)
  return `/api/admin/${list}?${query}`
}

/** Read a list until it has `wanted` rows, or ends; `ask` answers a page. */
export async function readRows<T>(wanted: number, ask: (from: string) => Promise<PageOf<T>>): Promise<PageOf<T>> {
  let found = await ask('')
  const rows = [...found.rows]
  while (found.next !== null && rows.length < Math.min(wanted, ROWS_MAX)) {
    found = await ask(found.next)
    rows.push(...found.rows)
  }
  return { rows, next: rows.length < ROWS_MAX ? found.next : null }
}
