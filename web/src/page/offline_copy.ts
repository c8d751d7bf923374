/**
 * What the server has said of a person and a workspace, kept so that the page opens without it. It is opened by whoever has
 * the same token in this tab, and by nobody who has another.
 */
import type { Store } from '../client/lane'
import { keyOf } from './base'
import type { Member } from './members'
import type { Me, Workspace } from './session'

export interface Answers { me: Me; workspace: Workspace; members: Member[] }
interface KeptAnswers extends Answers { mark: string }

/** Keep it; a browser without room for it opens the page with the server only. */
export function keepOffline(store: Store, ws: string, token: string, answers: Answers): void {
  try {
    store.setItem(`${keyOf(ws)}:opened`, JSON.stringify({ ...answers, mark: markOf(token) } satisfies KeptAnswers))
  } catch {
    store.removeItem(`${keyOf(ws)}:opened`)
  }
}

/** What was kept, for whoever has this token. */
export function offlineCopy(store: Store, ws: string, token: string): Answers | null {
  try {
    const kept = JSON.parse(store.getItem(`${keyOf(ws)}:opened`) ?? 'null') as KeptAnswers | null
    return kept?.mark === markOf(token) ? kept : null
  } catch {
    return null
  }
}

/** A mark by which a token is known again, and from which it cannot be made. */
function markOf(token: string): string {
  let [one, two] = [0xdeadbeef, 0x41c6ce57]
  for (const char of token) {
    one = Math.imul(one ^ char.codePointAt(0)!, 2654435761)
    two = Math.imul(two ^ char.codePointAt(0)!, 1597334677)
  }
  return `${one >>> 0}.${two >>> 0}`
}
