import { describe, expect, it } from 'vitest'
import { colourOf, inkOf, setColours } from './colours'

describe('a colour', () => {
  it('is the same for the same name, and a name has one whatever its letters', () => {
    for (const name of ['', 'Ana', '😀', 'x'.repeat(500)]) expect(colourOf(name)).toMatch(/^#[0-9a-f]{6}$/)
    expect(['Ana', 'Ben', 'Chen', 'Olga', '😀'].map(colourOf)).toEqual(['#b45309', '#a21caf', '#be123c', '#047857', '#c2410c'])
  })

  it('tells people apart: of many names each colour has some', () => {
    const names = Array.from({ length: 200 }, (_, at) => `person ${at}`)
    expect(new Set(names.map(colourOf)).size).toBe(8)
  })

  it('is the one that somebody has chosen, and nothing else is taken for one', () => {
    const given = colourOf('Ana')
    setColours([['Ana', '#123456'], ['Ben', 'url(//evil.example)'], ['Chen', '']])
    expect(colourOf('Ana')).toBe('#123456')
    expect([colourOf('Ben'), colourOf('Chen')]).toEqual(['#a21caf', '#be123c'])
    setColours([])
    expect(colourOf('Ana')).toBe(given)
  })

  it('is mixed with the text where it is ink', () => {
    expect(inkOf('Ana')).toContain(colourOf('Ana'))
    expect(inkOf('Ana')).toContain('var(--ink)')
  })
})
