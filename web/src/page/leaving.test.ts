import { describe, expect, it } from 'vitest'
import { isLeaving } from './leaving'

describe('a box over the page', () => {
  it('is left by Escape and by no other key', () => {
    expect(isLeaving({ key: 'Escape' }, () => true)).toBe(true)
    expect(isLeaving({ key: 'Enter' }, () => false)).toBe(false)
  })

  it('is left by a press outside of it', () => {
    expect(isLeaving({ target: null }, () => false)).toBe(true)
    expect(isLeaving({ target: null }, () => true)).toBe(false)
  })
})
