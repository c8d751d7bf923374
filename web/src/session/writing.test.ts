import { describe, expect, it } from 'vitest'
import { NOTHING_WRITTEN } from '../panels/composition'
import { cupboardOf } from './fixtures'
import { Shelf } from './shelf'
import { keepWriting, pagesWriting, takeOver, writingOf } from './writing'

const half = { ...NOTHING_WRITTEN, words: 'half a', scope: { doc: 'plan' }, narrow: false, left: new Set(['budget']) }

describe('half an instruction', () => {
  it('is there again as it was, with what its author had seen', () => {
    const shelf = new Shelf(cupboardOf(), 'demo', 'Ana')
    keepWriting(shelf, 't1', half, 7, 1)
    expect(writingOf(shelf, 't1')).toEqual({ composition: half, seen: 7 })
    expect(writingOf(shelf, 't2')).toBeNull()
  })

  it('is forgotten once it was sent or put away', () => {
    const shelf = new Shelf(cupboardOf(), 'demo', 'Ana')
    keepWriting(shelf, 't1', half, 7, 1)
    keepWriting(shelf, 't1', NOTHING_WRITTEN, 0, 2)
    expect([writingOf(shelf, 't1'), pagesWriting(shelf)]).toEqual([null, []])
  })

  it('is taken over from a page that is gone, the last one first', () => {
    const shelf = new Shelf(cupboardOf(), 'demo', 'Ana')
    keepWriting(shelf, 'old', { ...half, words: 'older' }, 1, 1)
    keepWriting(shelf, 'new', { ...half, words: 'newer' }, 2, 5)
    expect(pagesWriting(shelf)).toEqual(['new', 'old'])
    takeOver(shelf, 'new', 't3')
    expect([writingOf(shelf, 't3')?.composition.words, pagesWriting(shelf)]).toEqual(['newer', ['t3', 'old']])
  })
})
