import { describe, expect, it } from 'vitest'
import { who, whose, whoseFirst } from './whose'

describe('people in words', () => {
  it('are “you” to themselves, and called by name by everybody else', () => {
    expect([whose('Ana', 'Ana'), whoseFirst('Ana', 'Ana'), who('Ana', 'Ana')]).toEqual(['your', 'Your', 'you'])
    expect([whose('Ana', 'Ben'), whoseFirst('Ana', 'Ben'), who('Ana', 'Ben')]).toEqual(['Ana’s', 'Ana’s', 'Ana'])
  })
})
