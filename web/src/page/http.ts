/** Small HTTP calls: what is asked, and what an answer means. */

/** The server does not let this token in, or shows it no such workspace. */
export class Denied extends Error {}

/** The server refused something, with what can be done about it. */
export class NotDone extends Error {
  constructor(message: string, readonly remedy: string) {
    super(message)
  }
}

/** A request with a token, and with a JSON body where there is one. */
export function requestOf(method: string, token: string, body?: unknown): RequestInit & { headers: Record<string, string> } {
  return {
    method,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  }
}

/** What the server answered; or an error in its words. The caller says which shape the server gives to it. */
export async function readAnswer<T>(response: Response): Promise<T> {
  const answer = response.status === 204 ? null : await response.json()
  if (response.status === 401 || response.status === 404) throw new Denied(answer?.detail ?? 'Not allowed.')
  if (!response.ok) throw new NotDone(answer?.detail ?? `The server answered ${response.status}.`, answer?.remedy ?? '')
  return answer as T
}

/** Whether an error says that the server was not reached at all: no network, or nobody there. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof TypeError
}
