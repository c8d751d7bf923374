/** What is said and can be done where a document was put away, and who may do what with one. */
import type { Away } from '../client/log_view'
import { RANKS, type DocumentAct, type Role } from '../client/wire'

export type ActName = DocumentAct['do']

const LEAST: Record<ActName, Role> = { rename: 'editor', archive: 'owner', delete: 'owner', restore: 'owner' }

/** Whether somebody may do this with a document as a whole. */
export function mayAct(act: ActName, role: Role): boolean {
  return RANKS[role] >= RANKS[LEAST[act]]
}

/** What became of the open document, in a sentence. */
export function awayWords(name: string, { how, actor }: Away, me: string): string {
  const who = actor === '' ? '' : actor === me ? ' by you' : ` by ${actor}`
  return `“${name}” was ${how}${who}.`
}

/** What that means for what stands on the screen. */
export function keptWords(unsaved: boolean): string {
  return unsaved
    ? 'What you typed last was not saved. All of it is still here, for you alone: keep it as a copy.'
    : 'Everything here was saved. You still see it; nothing more is written in it.'
}

/** The file under which a copy is downloaded. */
export function fileName(name: string, kind: string): string {
  return `${name.replaceAll('/', '-')}.${kind === 'data' ? 'json' : 'md'}`
}
