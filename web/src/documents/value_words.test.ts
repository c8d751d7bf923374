import { describe, expect, it } from 'vitest'
import { changedBy, changeOf, inField, stretchBetween } from './value_words'

/** Numbers from a seed, each below a bound: a failure comes again. */
function dice(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
const PIECES = ['a', 'b', '\r\n', '\n', '\r', '😀', '🌲', 'é', ' ']
const text = (roll: (below: number) => number, length: number): string => Array.from({ length: roll(length) }, () => PIECES[roll(PIECES.length)]).join('')

describe('what is different between two texts', () => {
  it('is one stretch that cuts no character in half', () => {
    expect(stretchBetween('abc', 'axc')).toEqual({ at: 1, gone: 1, words: 'x' })
    expect(stretchBetween('a😀', 'a😁')).toEqual({ at: 1, gone: 2, words: '😁' })
    expect(stretchBetween('same', 'same')).toMatchObject({ gone: 0, words: '' })
  })

  it.each(Array.from({ length: 300 }, (_, seed) => seed))('makes the one of the other (seed %i)', (seed) => {
    const roll = dice(seed)
    const [before, after] = [text(roll, 9), text(roll, 9)]
    const stretch = stretchBetween(before, after)
    expect(changedBy(before, stretch)).toBe(after)
    expect(encodeURIComponent(stretch.words)).toEqual(expect.any(String))
  })
})

describe('what somebody typed', () => {
  it('keeps the line ends beside it', () => {
    expect(changedBy('one\r\ntwo\rthree\n', changeOf('one\r\ntwo\rthree\n', 'one\ntwo\nthree\n', 'one\ntwo!\nthree\n'))).toBe('one\r\ntwo!\rthree\n')
    expect(changedBy('a\r\nb', changeOf('a\r\nb', 'a\nb', 'ab'))).toBe('ab')
  })

  it.each([
    ['Ben: one two', 'one two', 'one two!', 'Ben: one two!'],
    ['one two, Ben', 'one two', 'One two', 'One two, Ben'],
    ['one Ben two', 'one two', 'ONE two', 'ONE Ben two'],
    ['', 'one', 'one two', ' two'],
  ])('goes beside what others typed meanwhile: %s', (stored, field, typed, all) => {
    expect(changedBy(stored, changeOf(stored, field, typed))).toBe(all)
  })

  it.each(Array.from({ length: 300 }, (_, seed) => seed))('is what the field then says, where nobody else typed (seed %i)', (seed) => {
    const roll = dice(seed)
    const stored = text(roll, 9)
    const typed = inField(text(roll, 9))
    expect(inField(changedBy(stored, changeOf(stored, inField(stored), typed)))).toBe(typed)
  })
})
