import { describe, expect, it } from 'vitest'
import { givenWords, readOnlyWords, ruleWords, withoutRule, withRule } from './rights_words'

describe('rules of rights in words', () => {
  it('tells somebody what they are, and by which rule', () => {
    expect(readOnlyWords('viewer', 'Ben is viewer in plan, by the rule for everybody at plan.', 'Ben')).toBe(
      'Read-only for you. You are viewer in plan, by the rule for everybody at plan.',
    )
    expect(readOnlyWords('commenter', 'Ben is commenter in plan, by the rule for Ben at plan.', 'Ana')).toMatch(/^You may suggest here, not edit. Ben is/)
  })
  it('names people before groups: somebody may be called like one', () => {
    expect(ruleWords({ role: 'editor', actor: 'everyone' })).toBe('everyone may edit')
    expect(ruleWords({ role: 'viewer', group: 'everyone' })).toBe('Everybody may only read')
    expect(ruleWords({ role: 'commenter', group: 'agent' })).toBe('The agent may suggest')
  })
  it('gives each one rule', () => {
    const rules = [{ role: 'viewer', group: 'everyone' }, { role: 'editor', actor: 'everyone' }] as const
    expect(withRule(rules, { role: 'commenter', group: 'everyone' })).toEqual([{ role: 'editor', actor: 'everyone' }, { role: 'commenter', group: 'everyone' }])
    expect(withoutRule(rules, { role: 'viewer', actor: 'everyone' })).toEqual([{ role: 'viewer', group: 'everyone' }])
  })
  it('tells of what the log gives, by the names of today', () => {
    expect(givenWords({ plan: [{ role: 'viewer', group: 'everyone' }], 'a/': [] }, (doc) => `the ${doc}`)).toBe('the plan: Everybody may only read; a/: no rule any more')
  })
})
