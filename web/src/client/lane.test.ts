import { describe, expect, it } from 'vitest'
import { storeOf } from './fixtures'
import { Lane, NOTICE_MS } from './lane'

function lane() {
  const clock = { now: 1_000_000 }
  const store = storeOf()
  return { clock, store, lane: new Lane(store, 'k', () => clock.now) }
}

describe('the compose rule', () => {
  it('stamps at the first keystroke, not at send', () => {
    const { lane: it_, clock } = lane()
    it_.show(1)
    clock.now += NOTICE_MS + 1
    expect(it_.compose()).toBe(1)
    it_.show(2)
    clock.now += 60_000
    expect(it_.compose()).toBe(1)
    expect(it_.issue({ kind: 'do', text: 'x' }).seen).toBe(1)
  })

  it('does not count what popped up a moment ago', () => {
    const { lane: it_, clock } = lane()
    it_.show(1)
    clock.now += NOTICE_MS + 1
    it_.show(2)
    clock.now += NOTICE_MS / 2
    expect(it_.compose()).toBe(1)
  })

  it('counts at once what the page was opened with', () => {
    const { lane: it_ } = lane()
    it_.show(1, true)
    it_.show(2, true)
    expect(it_.compose()).toBe(2)
  })

  it('rises while composing only by an explicit act', () => {
    const { lane: it_, clock } = lane()
    it_.compose()
    it_.show(1)
    clock.now += 60_000
    expect(it_.composing).toBe(0)
    it_.acknowledge()
    expect(it_.issue({ kind: 'do', text: 'x' }).seen).toBe(1)
  })

  it('never stamps before an earlier stamp', () => {
    const { lane: it_ } = lane()
    it_.show(5, true)
    expect(it_.issue({ kind: 'do', text: 'a' }).seen).toBe(5)
    it_.show(6)
    expect(it_.issue({ kind: 'do', text: 'b' }).seen).toBe(5)
  })
})

describe('dots', () => {
  it('count from one, stay pending until answered, and survive a reload', () => {
    const { lane: it_, store } = lane()
    it_.welcome('L1', 's', 0)
    it_.issue({ kind: 'do', text: 'a' })
    it_.issue({ kind: 'do', text: 'b' })
    it_.acked(1)
    const again = new Lane(store, 'k')
    expect([again.lane, again.n, again.pending.map((one) => [one.n, one.text])]).toEqual(['L1', 2, [[2, 'b']]])
  })

  it('close the gap behind a refused intent', () => {
    const { lane: it_ } = lane()
    it_.welcome('L1', 's', 0)
    for (const text of ['a', 'b', 'c']) it_.issue({ kind: 'do', text })
    expect(it_.nacked(1).map((one) => [one.n, one.text])).toEqual([[1, 'b'], [2, 'c']])
    expect(it_.issue({ kind: 'do', text: 'd' }).n).toBe(3)
  })

  it('go on where the server stands when it has forgotten what came before', () => {
    const { lane: it_ } = lane()
    it_.welcome('L1', 's', 4)
    for (const text of ['a', 'b']) it_.issue({ kind: 'do', text })
    it_.welcome('L1', 's', 1)
    expect([it_.pending.map((one) => one.n), it_.n]).toEqual([[2, 3], 3])
    it_.welcome('L1', 's', 2)
    expect([it_.pending.map((one) => one.n), it_.n], 'the server may have the first').toEqual([[2, 3], 3])
  })

  it('start anew when the server has seen a copy of the lane', () => {
    const { lane: it_ } = lane()
    it_.welcome('L1', 's', 4)
    it_.issue({ kind: 'do', text: 'a' })
    it_.renew()
    expect([it_.lane, it_.pending[0]!.n, it_.n]).toEqual(['', 1, 1])
  })

  it('count what the author acted on as noticed, and nothing that came later', () => {
    const { lane: it_ } = lane()
    it_.welcome('L1', 's', 0)
    it_.show(1)
    it_.show(2)
    it_.show(3)
    expect(it_.compose()).toBe(0)
    it_.vouch(2)
    expect(it_.issue({ kind: 'do', text: 'steer' }).seen).toBe(2)
  })

  it('do not read broken storage as a lane', () => {
    const store = storeOf()
    store.setItem('k', '{broken')
    expect(new Lane(store, 'k').lane).toBe('')
  })
})
