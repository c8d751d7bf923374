import { describe, expect, it } from 'vitest'
import { presentIn, type PresenceState } from './presence'

const person = (name: string): PresenceState => ({ user: { name } })

describe('who is here', () => {
  it('is everybody by name once, oneself as the server knows it, and never the agent', () => {
    const states: [number, PresenceState][] = [[1, person('Me')], [2, person('Ben')], [3, person('Ben')], [4, {}], [5, { user: { name: 'Agent', kind: 'agent' } }]]
    expect(presentIn(states, 1, 'Ana', false).people).toEqual([{ name: 'Ana', own: true }, { name: 'Ben', own: false }])
    expect(presentIn(states, 1, '', false).people[0]).toEqual({ name: 'Me', own: true })
  })

  it('knows oneself whichever of two pages of oneself comes last', () => {
    for (const own of [1, 2]) expect(presentIn([[1, person('Ana')], [2, person('Ana')]], own, 'Ana', false).people).toEqual([{ name: 'Ana', own: true }])
  })

  it('counts the agent only where it is, and says what it does, or that it is stopped', () => {
    const agent = (status?: string): [number, PresenceState][] => [[9, { user: { name: 'Agent', kind: 'agent' }, agent: { status } }]]
    expect(presentIn([[1, person('Ana')]], 1, 'Ana', true).agent).toBeNull()
    expect(presentIn(agent('planning'), 1, 'Ana', false).agent).toEqual({ status: 'planning', words: 'thinks' })
    expect(presentIn(agent('planning'), 1, 'Ana', true).agent).toEqual({ status: 'stopped', words: 'is stopped' })
    expect(presentIn(agent(), 1, 'Ana', false).agent).toEqual({ status: 'idle', words: '' })
  })
})
