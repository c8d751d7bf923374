import { describe, expect, it } from 'vitest'
import { cut } from './quotation'

describe('a quotation', () => {
  it('never begins or ends inside a character', () => {
    const text = `${'x'.repeat(499)}😀 and the end`
    expect(cut(text, 0, text.length, 500)).toBe('x'.repeat(499))
    expect(cut(text, 0, text.length, 501)).toBe(`${'x'.repeat(499)}😀`)
    expect(cut('a😀b', 2, 4)).toBe('b')
    expect(cut('a😀b', 1, 2)).toBe('')
    expect(cut('a😀b', 0, 2)).toBe('a')
    expect(cut('a😀b', 0, 99)).toBe('a😀b')
  })
})
