/** Numbers, times and rows of the operator's page, as people read them. */
import type { KeyRow, Noted, WorkspaceRow } from './answers'

const STEP = 1024
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
const MINUTE_S = 60
const HOUR_S = 3_600
const DAY_S = 86_400

/** A number of bytes. */
export function sizeWords(bytes: number): string {
  let amount = bytes
  let unit = 0
  while (amount >= STEP && unit < UNITS.length - 1) {
    amount /= STEP
    unit += 1
  }
  return `${unit && amount < 10 ? amount.toFixed(1) : amount.toFixed(0)} ${UNITS[unit]}`
}

/** The numbers that an upgrade raises; what is kept in memory has no schema. */
export function formatWords({ schema, log_format }: { schema: number; log_format: number }): string {
  return schema ? `schema ${schema}, log format ${log_format}` : `log format ${log_format}`
}

/** How many of something; `many` where that is more than an s. */
export function countWords(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`
}

/** A length of time in its two largest parts. */
export function spanWords(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  if (whole < MINUTE_S) return `${whole} s`
  if (whole < HOUR_S) return `${Math.floor(whole / MINUTE_S)} min`
  if (whole < DAY_S) return `${Math.floor(whole / HOUR_S)} h ${Math.floor((whole % HOUR_S) / MINUTE_S)} min`
  return `${Math.floor(whole / DAY_S)} d ${Math.floor((whole % DAY_S) / HOUR_S)} h`
}

/** How long ago something was; what is no time stays as it is, and nothing is never. */
export function agoWords(at: string, now: number): string {
  const then = Date.parse(at)
  if (!at) return 'never'
  if (Number.isNaN(then)) return at
  const seconds = (now - then) / 1000
  return seconds < 5 ? 'just now' : `${spanWords(seconds)} ago`
}

/** When a key ends, in unix seconds. */
export function endWords(expires: number | null, now: number): string {
  if (expires === null) return 'never'
  return expires * 1000 <= now ? 'now' : `in ${spanWords(expires - now / 1000)}`
}

/** The last backup or anchor: when, by whom, what. */
export function notedWords(noted: Noted | null, now: number): string {
  if (!noted) return 'none known'
  const what = [noted.subject, noted.detail].filter(Boolean).join(' ')
  return `${agoWords(noted.at, now)}, by ${noted.by}${what ? `: ${what}` : ''}`
}

/** All bytes of a workspace, as far as they are known. */
export function bytesOf(row: Pick<WorkspaceRow, 'bytes'>): number | null {
  return row.bytes && row.bytes.log + row.bytes.journal + row.bytes.snapshots
}

/** The parts of a workspace's bytes, for whoever points at their sum. */
export function partsWords(row: Pick<WorkspaceRow, 'bytes' | 'measured'>): string {
  if (!row.bytes) return 'Not measured yet'
  const { log, journal, snapshots } = row.bytes
  const parts = `log ${sizeWords(log)}, journal ${sizeWords(journal)}, snapshots ${sizeWords(snapshots)}`
  return row.measured ? parts : `${parts}; there is more, it is being measured`
}

/** The documents of a workspace; a dash where nobody has said. */
export function documentsWords({ documents }: Pick<WorkspaceRow, 'documents'>): string {
  if (!documents) return '–'
  const away = [documents.archived && `${documents.archived} archived`, documents.deleted && `${documents.deleted} deleted`].filter(Boolean)
  return away.length ? `${documents.living} (${away.join(', ')})` : String(documents.living)
}

/** Who owns a workspace; whoever owns the server may all in it, too. */
export function ownersWords({ owners, more_owners }: Pick<WorkspaceRow, 'owners' | 'more_owners'>): string {
  return owners.length ? `owned by ${owners.join(', ')}${more_owners ? ', …' : ''}` : 'no owner of its own'
}

/** Where a key opens something. */
export function whereWords(key: KeyRow): string {
  if (key.kind === 'token') return key.ws ?? 'the whole server'
  if (!key.workspaces) return 'no workspace'
  return key.workspaces === 1 ? key.ws! : `${key.workspaces} workspaces`
}

/** What a key is. */
export function kindWords(key: KeyRow): string {
  if (key.kind === 'session') return 'session'
  return key.scope === 'read' ? `token, ${key.role}, only reads` : `token, ${key.role}`
}

/** What is asked before a key is ended. */
export function endQuestion(key: KeyRow): string {
  const whose = key.own ? 'the token you are using now' : `${key.kind === 'session' ? 'the session' : 'the token'} of ${key.who || 'nobody'}`
  return `End ${whose} (${whereWords(key)})? What goes on under it stops at once.`
}
