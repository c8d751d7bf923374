import { describe, expect, it } from 'vitest'
import { storeOf } from './fixtures'
import { Lane, type IntentMessage } from './lane'
import { Outbox } from './outbox'

function outbox() {
  const lane = new Lane(storeOf(), 'lane')
  lane.welcome('L', 's', 0)
  const sent: [number, string][] = []
  const made = new Outbox(lane, ({ n, text }) => void sent.push([n, text]))
  const write = (text: string) => void lane.issue({ kind: 'do', text })
  return { lane, sent, outbox: made, write, flush: (isReady: (intent: IntentMessage) => boolean = () => true) => made.flush(isReady) }
}

describe('what is on its way', () => {
  it('goes out once on a carrier, and again on the next', () => {
    const at = outbox()
    at.write('a')
    at.flush()
    at.flush()
    expect(at.sent).toEqual([[1, 'a']])
    at.outbox.begin()
    at.flush()
    expect(at.sent).toEqual([[1, 'a'], [1, 'a']])
    at.outbox.acked(1)
    at.outbox.begin()
    at.flush()
    expect(at.sent).toHaveLength(2)
  })

  it('waits in order behind one that is not ready', () => {
    const at = outbox()
    for (const text of ['a', 'b', 'c']) at.write(text)
    at.flush(({ text }) => text !== 'b')
    expect(at.sent).toEqual([[1, 'a']])
    at.flush()
    expect(at.sent).toEqual([[1, 'a'], [2, 'b'], [3, 'c']])
  })

  it('goes out under new numbers behind one that was refused', () => {
    const at = outbox()
    for (const text of ['a', 'b', 'c']) at.write(text)
    at.flush()
    expect(at.outbox.refused(1)?.text).toBe('a')
    at.flush()
    expect(at.sent.slice(3)).toEqual([[1, 'b'], [2, 'c']])
    expect([at.outbox.isStale(2), at.outbox.isStale(3), at.outbox.isStale(3)]).toEqual([true, true, false])
  })

  it('names the oldest that was not answered', () => {
    const at = outbox()
    for (const text of ['a', 'b']) at.write(text)
    at.flush()
    at.outbox.acked(1)
    expect(at.outbox.first).toBe(2)
    expect([at.outbox.setAside(2)?.text, at.outbox.setAside(7), at.lane.pending]).toEqual(['b', undefined, []])
  })

  it('takes back what never went out, and nothing that did', () => {
    const at = outbox()
    for (const text of ['a', 'b', 'c']) at.write(text)
    const [first, second, third] = at.lane.pending
    at.flush(({ text }) => text === 'a')
    at.outbox.begin()
    expect([at.outbox.takeBack(first!), at.outbox.takeBack(second!), at.outbox.takeBack(second!)]).toEqual([false, true, false])
    at.flush()
    expect(at.sent).toEqual([[1, 'a'], [1, 'a'], [2, 'c']])
    expect([at.outbox.acked(2), at.outbox.acked(2)]).toEqual([third, undefined])
  })
})
