import { describe, expect, it } from 'vitest'
import { cupboardOf } from './fixtures'
import { Shelf } from './shelf'

describe('a shelf', () => {
  it('is one person’s in one workspace', () => {
    const cupboard = cupboardOf()
    const ana = new Shelf(cupboard, 'demo', 'Ana')
    ana.write('writing:t1', { words: 'x' })
    expect(ana.read('writing:t1')).toEqual({ words: 'x' })
    expect(new Shelf(cupboard, 'demo', 'Ben').read('writing:t1')).toBeNull()
    expect(new Shelf(cupboard, 'other', 'Ana').names('')).toEqual([])
    // A name with the sign that parts names is nobody else's.
    expect(new Shelf(cupboard, 'demo', 'Ana:writing').names('')).toEqual([])
  })

  it('tells what is on it, and forgets', () => {
    const shelf = new Shelf(cupboardOf(), 'demo', 'Ana')
    for (const name of ['lane:a', 'lane:b', 'aside']) shelf.write(name, 1)
    expect(shelf.names('lane:')).toEqual(['a', 'b'])
    shelf.drop('lane:a')
    expect([shelf.names('lane:'), shelf.read('lane:a')]).toEqual([['b'], null])
  })

  it('keeps what the browser has no room for while the page is open', () => {
    const cupboard = cupboardOf()
    const shelf = new Shelf(cupboard, 'demo', 'Ana')
    expect(shelf.write('lane:a', 'old')).toBe(true)
    cupboard.isFull = true
    expect(shelf.write('lane:a', 'new')).toBe(false)
    expect([shelf.read('lane:a'), shelf.names('lane:')]).toEqual(['new', ['a']])
    expect(new Shelf(cupboard, 'demo', 'Ana').read('lane:a')).toBeNull()
    cupboard.isFull = false
    expect(shelf.write('lane:a', 'newer')).toBe(true)
    expect(new Shelf(cupboard, 'demo', 'Ana').read('lane:a')).toBe('newer')
  })

  it('takes what cannot be read for nothing', () => {
    const cupboard = cupboardOf()
    cupboard.setItem('demo:Ana:lane:a', '{')
    expect(new Shelf(cupboard, 'demo', 'Ana').read('lane:a')).toBeNull()
  })
})
