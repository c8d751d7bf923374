import { describe, expect, it } from 'vitest'
import { storeOf } from '../client/fixtures'
import { keepOffline, offlineCopy, type Answers } from './offline_copy'

const answers: Answers = {
  me: { actor: 'Ana', role: 'editor', ws: 'demo', planner: null },
  workspace: { id: 'demo', name: 'Demo', seq: 4, documents: { plan: 'text' }, ids: { plan: 'plan' }, members: {} },
  members: [],
}

describe('what a page opens with when the server is not there', () => {
  it('is what was said last, to whoever has the same token', () => {
    const store = storeOf()
    keepOffline(store, 'demo', 'a.b', answers)
    expect(offlineCopy(store, 'demo', 'a.b')).toMatchObject(answers)
    expect([offlineCopy(store, 'demo', 'a.c'), offlineCopy(store, 'demo', ''), offlineCopy(store, 'other', 'a.b')]).toEqual([null, null, null])
  })

  it('does not hold the token', () => {
    const kept = new Map<string, string>()
    keepOffline(storeOf(kept), 'demo', 'abcdefgh.12345678', answers)
    expect([...kept.values()].join()).not.toMatch(/abcdefgh|12345678/)
  })

  it('is nothing where it cannot be read or kept', () => {
    const kept = new Map([['folkmoot:demo:opened', '{']])
    expect(offlineCopy(storeOf(kept), 'demo', '')).toBeNull()
    const full = { ...storeOf(kept), setItem: () => { throw new DOMException('no room') } }
    keepOffline(full, 'demo', '', answers)
    expect(kept.size).toBe(0)
  })
})
