import { describe, expect, it } from 'vitest'
import { InFlight } from './in_flight'

function flying(...numbers: number[]): InFlight {
  const made = new InFlight()
  for (const n of numbers) made.sent(n)
  return made
}

describe('what is in flight', () => {
  it('is about its oldest until that is answered, in whatever order answers come', () => {
    const made = flying(1, 2, 3)
    made.answered(2)
    expect(made.first).toBe(1)
    made.answered(1)
    expect(made.first).toBe(3)
    made.answered(9)
    made.answered(3)
    expect(made.first).toBeUndefined()
  })

  it('is stale behind a refusal, each once, and waits no more', () => {
    const made = flying(1, 2, 3)
    made.answered(1)
    made.refused(2)
    expect(made.first).toBeUndefined()
    made.sent(2)
    expect(made.first).toBe(2)
    expect([made.isStale(2), made.isStale(3), made.isStale(3)]).toEqual([false, true, false])
  })

  it('ends with the socket', () => {
    const made = flying(1, 2)
    made.refused(1)
    made.sent(1)
    made.clear()
    expect([made.first, made.isStale(2)]).toEqual([undefined, false])
  })
})
