import { describe, expect, it } from 'vitest'
import { viewOf } from '../client/fixtures'
import type { Role } from '../client/wire'
import { isBuiltin, mayInstruct, placeholderFor, plannerWords, scopeLabel, unseenWords } from './composer_words'

describe('the composer', () => {
  it('is open to all but viewers and the agent', () => {
    const roles: Role[] = ['owner', 'editor', 'commenter', 'viewer', 'agent']
    expect(roles.filter(mayInstruct)).toEqual(['owner', 'editor', 'commenter'])
  })

  it('asks for what its words will be', () => {
    const override = { kind: 'override', intent: viewOf('i1') } as const
    expect(placeholderFor('viewer', override)).toMatch(/read, not instruct/)
    expect(placeholderFor('editor', override)).toMatch(/instead/)
    expect(placeholderFor('editor', { ...override, kind: 'steer' })).toBe(placeholderFor('editor', null))
  })

  it('names where it points: a quotation, cut where it is long, or the document', () => {
    expect(scopeLabel({ doc: 'plan' })).toBe('plan')
    expect(scopeLabel({ doc: 'plan', from: 'a', quote: 'x'.repeat(28) })).toBe(`“${'x'.repeat(28)}”`)
    expect(scopeLabel({ doc: 'plan', from: 'a', quote: 'x'.repeat(29) })).toBe(`“${'x'.repeat(28)}…”`)
  })

  it('tells what came since its author began', () => {
    expect(unseenWords([{ actor: 'Ben', text: 'a' }])).toEqual({ lead: 'Ben asked for something since you began:', texts: 'a', seen: 'I have seen it' })
    const two = unseenWords([{ actor: 'Ben', text: 'a' }, { actor: 'Cleo', text: 'b'.repeat(500) }])
    expect([two.lead, two.seen, two.texts.length, two.texts.slice(0, 5)]).toEqual(['2 instructions came since you began:', 'I have seen them', 160, 'a · b'])
  })

  it('says who answers', () => {
    expect([plannerWords(null), plannerWords('builtin@1'), plannerWords('model@2')].map((words) => words.slice(0, 10))).toEqual(['No agent i', 'No model i', 'Planned by'])
    expect([isBuiltin(null), isBuiltin('builtin@1'), isBuiltin('model@2')]).toEqual([false, true, false])
  })
})
