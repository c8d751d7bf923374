import { describe, expect, it } from 'vitest'
import { colourOf, inkOf } from './colours'

describe('a colour', () => {
  it('is the same for the same name, and a name has one whatever its letters', () => {
    for (const name of ['', 'Ana', '😀', 'x'.repeat(500)]) expect(colourOf(name)).toMatch(/^#[0-9a-f]{6}$/)
    expect(colourOf('Ana')).toBe(colourOf('Ana'))
  })

  it('tells people apart: of many names each colour has some', () => {
    const names = Array.from({ length: 200 }, (_, at) => `person ${at}`)
    expect(new Set(names.map(colourOf)).size).toBe(8)
  })

  it('is mixed with the text where it is ink', () => {
    expect(inkOf('Ana')).toContain(colourOf('Ana'))
    expect(inkOf('Ana')).toContain('var(--ink)')
  })
})
