/** What went wrong, for programs and for people. No DOM. */
import { UNAUTHENTICATED, type Ending } from './close_codes'
import { FolkmootError } from './folkmoot_error'

// Apart from this file the page has it without what is here.
export { FolkmootError }

const NEW_LINK = 'Ask the owner for a new link.'

/** Codes of a close by which programs go, with what to do; a close says the reason itself. */
const CLOSES: Readonly<Record<number, readonly [code: string, remedy: string]>> = {
  1006: ['unreachable', 'See whether the server runs and the address is right, then try again.'],
  1008: ['foreign_origin', 'Have this page’s origin listed by `--origin` on the server.'],
  1009: ['too_large', 'Bring it in smaller parts.'],
  1012: ['unavailable', 'Try again in a moment.'],
  1013: ['unavailable', 'Try again in a moment.'],
  4400: ['malformed', 'See that this library and the server are of one version.'],
  [UNAUTHENTICATED]: ['unauthenticated', NEW_LINK],
  4404: ['not_found', 'See that the address is right and that you may read it.'],
  4410: ['document_broken', 'Ask the owner to look at the server’s log.'],
  4411: ['document_renamed', 'Open it by its new name.'],
  4412: ['document_archived', 'Have it restored, or open another.'],
  4413: ['document_deleted', 'Have it restored, or open another.'],
  4508: ['slow', 'Open it again.'],
  4529: ['rate_limited', 'Wait a while.'],
}

/** Why a connection is over, by how it was closed; one that was never made has no close of its own. */
export function failureOf(closed: Ending | null): FolkmootError {
  const known = CLOSES[closed?.code ?? 1006]
  const reason = closed?.reason || (known?.[0] === 'unreachable' ? 'The server was not reached.' : `The connection was closed (${closed?.code}).`)
  return new FolkmootError(known?.[0] ?? 'closed', reason, known?.[1] ?? 'Open it again.')
}
