/** What the server says of people, as the page reads it, and in which words it tells of it. */
import type { Role } from '../client/wire'

export interface Member { actor: string; role: Role; since: string; colour: string; own: boolean }
export interface HeldKey { id: string; kind: string; label: string; scope: string; created: string; used: string; from: string; own: boolean }
export interface OpenInvitation { id: string; role: Role; uses: number; used: number; expires: number; by: string }

export const GIVEN_ROLES: readonly Role[] = ['owner', 'editor', 'commenter', 'viewer']

/** What a key is, for whoever holds it: "Firefox on Linux", "a link", "a link that only reads". */
export function keyWords({ kind, label, scope }: Pick<HeldKey, 'kind' | 'label' | 'scope'>): string {
  if (kind === 'session') return label || 'a browser'
  const link = scope === 'read' ? 'a link that only reads' : 'a link'
  return label ? `${label}, ${link}` : link
}

/** When and from where a key was seen last; empty where nobody knows. */
export function seenWords({ used, from }: Pick<HeldKey, 'used' | 'from'>, locale?: string): string {
  if (!used) return ''
  const when = new Date(used).toLocaleString(locale, { dateStyle: 'medium', timeStyle: 'short' })
  return from ? `${when}, from ${from}` : when
}

/** How much is left of an invitation. */
export function invitationWords({ role, uses, used, expires }: Pick<OpenInvitation, 'role' | 'uses' | 'used' | 'expires'>, locale?: string): string {
  const until = new Date(expires * 1000).toLocaleDateString(locale)
  return `${role}, ${uses === 1 ? 'for one person' : `${uses - used} of ${uses} left`}, until ${until}`
}
