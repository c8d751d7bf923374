import { describe, expect, it } from 'vitest'
import { viewOf } from '../client/fixtures'
import type { IntentView } from '../client/log_view'
import type { NextAct, Role, VerdictBody } from '../client/wire'
import { actsOn } from './verdict_acts'

const ALL: NextAct[] = ['undo', 'approve', 'override']
const verdict = (more: Partial<VerdictBody> = {}): VerdictBody => ({ intent: 'i1', state: 'done', code: 'done', reason: '', commit: 'c1', can: ALL, ...more })
const acts = (actor: string, role: Role, intent: Partial<IntentView> = {}, others: IntentView[] = [], how: Partial<VerdictBody> = {}) =>
  actsOn({ actor, role, intents: new Map(others.map((one) => [one.id, one])) }, viewOf('i1', intent), verdict(how))

describe('what is offered about a verdict', () => {
  it('is only what the verdict allows', () => {
    expect(acts('Ana', 'owner', {}, [], { can: [] })).toEqual({ undo: '', approve: false, override: false, undoneBy: '' })
    expect(acts('Ana', 'owner')).toEqual({ undo: 'c1', approve: true, override: true, undoneBy: '' })
  })

  it('lets authors, and who stands as high, take it back', () => {
    const may = (actor: string, role: Role) => acts(actor, role).undo
    expect([may('Ana', 'viewer'), may('Ben', 'commenter'), may('Ben', 'editor'), may('Ben', 'owner')]).toEqual(['c1', '', 'c1', 'c1'])
  })

  it('takes back once, and no undo, and nothing that changed nothing', () => {
    const undo = viewOf('u1', { kind: 'undo', refs: ['c1'], state: 'done', actor: 'Ben' })
    expect(acts('Ana', 'editor', {}, [undo])).toMatchObject({ undo: '', undoneBy: 'Ben' })
    expect(acts('Ben', 'editor', {}, [undo]).undoneBy).toBe('you')
    expect(acts('Ana', 'editor', {}, [{ ...undo, state: 'rejected' }])).toMatchObject({ undo: 'c1', undoneBy: '' })
    expect(acts('Ana', 'editor', {}, [{ ...undo, refs: ['c2'] }])).toMatchObject({ undo: 'c1', undoneBy: '' })
    expect(acts('Ana', 'editor', { kind: 'undo' }).undo).toBe('')
    expect(acts('Ana', 'editor', {}, [], { commit: undefined }).undo).toBe('')
  })

  it('lets editors run it anyway, and all who instruct ask for something else instead of an instruction', () => {
    const roles: Role[] = ['owner', 'editor', 'commenter', 'viewer']
    expect(roles.filter((role) => acts('Ana', role).approve)).toEqual(['owner', 'editor'])
    expect(roles.filter((role) => acts('Ana', role).override)).toEqual(['owner', 'editor', 'commenter'])
    expect((['do', 'override', 'approve', 'undo'] as const).filter((kind) => acts('Ana', 'editor', { kind }).override)).toEqual(['do', 'override'])
  })
})
