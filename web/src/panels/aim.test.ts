import { describe, expect, it } from 'vitest'
import { viewOf } from '../client/fixtures'
import { aimWords, isOver } from './aim'

describe('an aim', () => {
  const live = viewOf('i1')
  const ended = viewOf('i1', { verdict: { intent: 'i1', state: 'done', code: 'done', reason: '' } })

  it('to add is over with the verdict; one to replace is not', () => {
    const now = (intent: typeof live) => new Map([['i1', intent]])
    expect(isOver({ kind: 'steer', intent: live }, now(live))).toBe(false)
    expect(isOver({ kind: 'steer', intent: live }, now(ended))).toBe(true)
    expect(isOver({ kind: 'override', intent: live }, now(ended))).toBe(false)
  })

  it('says what it does to whose instruction', () => {
    expect(aimWords({ kind: 'steer', intent: live }, 'Ana')).toBe('adds to your instruction')
    expect(aimWords({ kind: 'override', intent: live }, 'Ben')).toBe('in place of Ana’s instruction')
  })
})
