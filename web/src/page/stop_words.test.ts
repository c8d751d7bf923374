import { describe, expect, it } from 'vitest'
import type { Role, Stop, StopScope } from '../client/wire'
import { clockOf, mayLetGoOn, mayStopAgent, reachOf } from './stop_words'

const stop = (scope: StopScope): Stop => ({ scope, by: 'Ana', since: '', reason: '', seq: 1 })
const ROLES: Role[] = ['owner', 'editor', 'commenter', 'viewer', 'agent']

describe('the switch', () => {
  it('is thrown by owners alone, once a workspace, though the whole server be stopped', () => {
    expect(ROLES.filter((role) => mayStopAgent(role, []))).toEqual(['owner'])
    expect(mayStopAgent('owner', [stop('server')])).toBe(true)
    expect(mayStopAgent('owner', [stop('server'), stop('workspace')])).toBe(false)
  })

  it('is thrown back by owners alone, and never the server’s', () => {
    expect(ROLES.filter((role) => mayLetGoOn(role, stop('workspace')))).toEqual(['owner'])
    expect(ROLES.filter((role) => mayLetGoOn(role, stop('server')))).toEqual([])
  })

  it('says how far it reaches', () => {
    expect([reachOf('workspace'), reachOf('server')]).toEqual(['', ' on the whole server'])
  })
})

describe('since when', () => {
  it('is a time today, with its date on another day, and what is no time as it came', () => {
    const now = new Date(2026, 5, 1, 18, 0)
    const today = clockOf(new Date(2026, 5, 1, 9, 5).toISOString(), now)
    const before = clockOf(new Date(2026, 4, 31, 9, 5).toISOString(), now)
    expect(today).toContain('05')
    expect(before.endsWith(today)).toBe(true)
    expect(before.length).toBeGreaterThan(today.length)
    expect(clockOf('long ago', now)).toBe('long ago')
  })
})
