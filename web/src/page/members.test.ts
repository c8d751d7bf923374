import { describe, expect, it } from 'vitest'
import { keyWords, invitationWords, seenWords } from './members'

describe('what people hold', () => {
  it('is told in words', () => {
    expect(keyWords({ kind: 'session', label: 'Firefox on Linux', scope: 'all' })).toBe('Firefox on Linux')
    expect(keyWords({ kind: 'session', label: '', scope: 'all' })).toBe('a browser')
    expect(keyWords({ kind: 'token', label: '', scope: 'all' })).toBe('a link')
    expect(keyWords({ kind: 'token', label: 'TV', scope: 'read' })).toBe('TV, a link that only reads')
  })

  it('says when it was seen, where anybody knows', () => {
    expect(seenWords({ used: '', from: '' })).toBe('')
    expect(seenWords({ used: '2026-11-30T10:00:00.000Z', from: '' }, 'en')).toContain('Nov 30, 2026')
    expect(seenWords({ used: '2026-11-30T10:00:00.000Z', from: '::1' }, 'en')).toMatch(/, from ::1$/)
  })

  it('says what is left of an invitation', () => {
    const one = { role: 'editor' as const, uses: 1, used: 0, expires: 1_800_000_000 }
    expect(invitationWords(one, 'en')).toMatch(/^editor, for one person, until 1\//)
    expect(invitationWords({ ...one, uses: 5, used: 2 }, 'en')).toMatch(/^editor, 3 of 5 left, /)
  })
})
