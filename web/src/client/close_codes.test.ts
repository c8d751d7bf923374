import { describe, expect, it } from 'vitest'
import { endingOf, isFinal } from './close_codes'

describe('a close', () => {
  it('is for good by the codes that are final, and by no others', () => {
    expect([4400, 4401, 4499].map(isFinal)).toEqual([true, true, true])
    expect([1000, 1006, 1009, 1012, 1013, 4399, 4500, 4508].map(isFinal)).toEqual(Array(8).fill(false))
  })

  it('says why, in some words always', () => {
    expect([endingOf({ code: 4401, reason: 'ended' }), endingOf({ code: 4499, reason: '' }).reason]).toEqual([{ code: 4401, reason: 'ended' }, 'closed (4499)'])
  })
})
