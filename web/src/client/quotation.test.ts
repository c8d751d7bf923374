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
    expect(cut('😀😀', 2, 4)).toBe('😀')
  })

  it('is as long as asked for where no character is in the way, be there halves of some', () => {
    expect(cut('abc', 1, 2)).toBe('b')
    expect([cut('a\udc00b', 1, 2), cut('\ud800b', 1, 2)]).toEqual(['\udc00', 'b'])
    expect([cut('a\ud800b', 0, 2), cut('a\udc00', 0, 1)]).toEqual(['a\ud800', 'a'])
  })
})
