import { describe, expect, it } from 'vitest'
import { Denied, readAnswer, requestOf } from './http'

const answer = (status: number, body: unknown) => readAnswer(new Response(status === 204 ? null : JSON.stringify(body), { status }))

describe('a request', () => {
  it('carries its token and says what its body is, where it has them', () => {
    expect(requestOf('GET', '')).toEqual({ method: 'GET', headers: {}, body: undefined })
    expect(requestOf('PUT', 't', { reason: '' })).toEqual({
      method: 'PUT', headers: { authorization: 'Bearer t', 'content-type': 'application/json' }, body: '{"reason":""}',
    })
  })
})

describe('an answer', () => {
  it('is what it says, or nothing', async () => {
    expect(await answer(200, { name: 'plan' })).toEqual({ name: 'plan' })
    expect(await answer(204, undefined)).toBeNull()
  })

  it('that denies is told apart from one that fails, and both in the words of the server', async () => {
    for (const status of [401, 404]) await expect(answer(status, { detail: 'no such link' })).rejects.toThrow(new Denied('no such link'))
    await expect(answer(401, {})).rejects.toBeInstanceOf(Denied)
    await expect(answer(409, { detail: 'stopped' })).rejects.toThrow('stopped')
    await expect(answer(500, {})).rejects.toThrow('The server answered 500.')
    await expect(answer(500, {})).rejects.not.toBeInstanceOf(Denied)
  })
})
