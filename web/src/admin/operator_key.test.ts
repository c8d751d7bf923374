import { describe, expect, it } from 'vitest'
import { readToken } from '../page/link'
import { forgetOperatorKey, handOver, keepOperatorKey, readOperatorKey } from './operator_key'

function storeOf(kept: Record<string, string> = {}) {
  return {
    kept,
    getItem: (key: string) => kept[key] ?? null,
    setItem: (key: string, value: string) => void (kept[key] = value),
    removeItem: (key: string) => void delete kept[key],
  }
}

describe("the operator's token", () => {
  it('comes with the link, once, and stays in the tab', () => {
    const store = storeOf()
    expect(readOperatorKey('', store)).toEqual({ token: '', isFresh: false })
    expect(readOperatorKey('#token=fm_a_b', store)).toEqual({ token: 'fm_a_b', isFresh: true })
    expect(readOperatorKey('', store)).toEqual({ token: 'fm_a_b', isFresh: false })
    expect(readOperatorKey('#token=', store)).toEqual({ token: 'fm_a_b', isFresh: true })
  })

  it('is no workspace’s: no id of one looks like its key', () => {
    const store = storeOf({ 'folkmoot:admin:token': 'of a workspace called admin' })
    expect(readOperatorKey('', store).token).toBe('')
  })

  it('is taken from what is pasted, a whole link too', () => {
    const store = storeOf()
    expect(keepOperatorKey(' fm_a_b\n', store)).toBe('fm_a_b')
    expect(keepOperatorKey('http://here/w/demo#token=fm_c_d&x=1', store)).toBe('fm_c_d')
    expect(readOperatorKey('', store).token).toBe('fm_c_d')
    forgetOperatorKey(store)
    expect(store.kept).toEqual({})
  })

  it('opens a workspace in this tab, unless somebody is in it already', () => {
    const store = storeOf()
    handOver('demo', 'fm_a_b', store)
    expect(readToken('demo', '', store).token).toBe('fm_a_b')
    handOver('demo', 'fm_c_d', store)
    expect(readToken('demo', '', store).token).toBe('fm_a_b')
  })
})
