import { describe, expect, it } from 'vitest'
import { FolkmootError } from './failure'
import { listingOf } from './listing'
import { placeOf } from './place'

const place = placeOf('http://host/w/demo#token=t')
const answers = (status: number, body: string) => async () => new Response(body, { status })
const never = new AbortController().signal
const failure = (coming: Promise<unknown>) => coming.then(() => null, (error: unknown) => (error instanceof FolkmootError ? [error.code, error.message, error.remedy] : error))

describe('what a server says of a workspace', () => {
  it('is asked for with the token, and is where its log stands and what its documents are called', async () => {
    const asked: unknown[] = []
    const ask = async (...call: unknown[]) => {
      asked.push(call[0], (call[1] as RequestInit).headers)
      return new Response('{"seq": 7, "ids": {"plan": "plan/3"}, "name": "Demo"}')
    }
    expect(await listingOf(place, never, ask)).toEqual({ seq: 7, ids: { plan: 'plan/3' } })
    expect(asked).toEqual(['http://host/api/workspaces/demo', { accept: 'application/json', authorization: 'Bearer t' }])
  })

  it('is a refusal in its words', async () => {
    const ask = answers(401, '{"code": "unauthenticated", "detail": "No valid token.", "remedy": "Ask."}')
    expect(await failure(listingOf(place, never, ask))).toEqual(['unauthenticated', 'No valid token.', 'Ask.'])
  })

  it.each([[200, '<html>'], [200, '{}'], [200, '[]'], [200, '{"seq": "7", "ids": {}}'], [404, '<html>'], [502, 'null']])('is a wrong address where %i is answered with %s', async (status, body) => {
    expect(await failure(listingOf(place, never, answers(status, body)))).toMatchObject({ 0: 'wrong_address' })
  })

  it('is not known where nothing can be read, and given up with the signal', async () => {
    const unreachable = async () => { throw new TypeError('fetch failed') }
    expect(await listingOf(place, never, unreachable)).toBeNull()
    expect(await failure(listingOf(place, AbortSignal.abort('enough'), unreachable))).toBe('enough')
  })
})
