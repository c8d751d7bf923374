import { describe, expect, it } from 'vitest'
import { diffParts } from './text_diff'

describe('a difference', () => {
  it('is told by words, with what was and what would be', () => {
    expect(diffParts('one two three', 'one 2 three')).toEqual([
      { kind: 'same', text: 'one ' }, { kind: 'removed', text: 'two' }, { kind: 'added', text: '2' }, { kind: 'same', text: ' three' },
    ])
  })

  it('of short texts loses nothing of either', () => {
    const [before, after] = ['Guests walk.\n\nThen dine.', 'Guests stroll, then dine.\n']
    const told = diffParts(before, after)
    const without = (kind: string) => told.filter((part) => part.kind !== kind).map((part) => part.text).join('')
    expect([without('added'), without('removed')]).toEqual([before, after])
  })

  it('cuts what is the same in the middle where that is long, and never what differs', () => {
    const same = 'word '.repeat(33)
    const long = 'x'.repeat(400)
    const [first, second] = diffParts(`${same}a`, `${same}${long}`)
    expect(first).toEqual({ kind: 'same', text: `${same.slice(0, 70)} … ${same.slice(-70)}` })
    expect(second).toEqual({ kind: 'removed', text: 'a' })
    expect(diffParts('', long)).toEqual([{ kind: 'added', text: long }])
    expect(diffParts(same.slice(0, 160), same.slice(0, 160))).toEqual([{ kind: 'same', text: same.slice(0, 160) }])
  })
})
