/** What a workspace's server says of it over HTTP before anything else: its documents, and where its log stands. No DOM but `fetch`. */
import { FolkmootError } from './failure'
import type { Place } from './place'

/** Documents by name with their ids; `seq` is the last record. */
export interface Listing { seq: number; ids: Readonly<Record<string, string>> }

const WRONG = 'See that the address is that of a Folkmoot server, with the prefix that its proxy has.'

/**
 * Ask for the listing. Null where the answer cannot be read: nobody is there, or a page of another origin asks, which
 * may open sockets but not read answers.
 *
 * Throws a `FolkmootError` with the server's own code and remedy; `wrong_address` where somebody else answers.
 */
export async function listingOf({ httpUrl, token }: Place, signal: AbortSignal, ask: typeof fetch = fetch): Promise<Listing | null> {
  let response: Response
  try {
    response = await ask(httpUrl, { headers: { accept: 'application/json', ...(token && { authorization: `Bearer ${token}` }) }, signal })
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof TypeError) return null
    throw error
  }
  const answer = await read(response, signal)
  if (response.ok) {
    if (!Number.isInteger(answer.seq) || typeof answer.ids !== 'object' || !answer.ids) throw wrong(httpUrl)
    return { seq: Number(answer.seq), ids: answer.ids as Listing['ids'] }
  }
  if (typeof answer.code !== 'string') throw wrong(httpUrl)
  throw new FolkmootError(answer.code, String(answer.detail ?? `The server answered ${response.status}.`), String(answer.remedy ?? 'Ask the owner for a new link.'))
}

/** A JSON object; empty where the answer is none. */
async function read(response: Response, signal: AbortSignal): Promise<Record<string, unknown>> {
  try {
    const answer: unknown = await response.json()
    return typeof answer === 'object' && answer ? { ...answer } : {}
  } catch {
    signal.throwIfAborted()
    return {}
  }
}

function wrong(httpUrl: string): FolkmootError {
  return new FolkmootError('wrong_address', `What answers at ${httpUrl} is no Folkmoot server.`, WRONG)
}
