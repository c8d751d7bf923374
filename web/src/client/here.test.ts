import { describe, expect, it } from 'vitest'
import { Here } from './here'

describe('what somebody is in the open document', () => {
  it('is what the welcome says, until a rule says otherwise', () => {
    const here = new Here()
    here.welcome('editor')
    here.take({ type: 'rights', role: 'viewer', reason: 'by a rule', agent: 'not the agent' }, false)
    expect(here).toMatchObject({ role: 'viewer', reason: 'by a rule', agent: 'not the agent', voided: false })
    here.welcome('editor')
    expect(here).toMatchObject({ role: 'editor', reason: '', agent: '' })
  })
  it('leaves a replica to nobody but oneself where words were on their way to a lower role', () => {
    for (const [role, unsaved, voided] of [['viewer', true, true], ['viewer', false, false], ['editor', true, false]] as const) {
      const here = new Here()
      here.welcome('owner')
      here.take({ type: 'rights', role }, unsaved)
      expect(here.voided).toBe(voided)
    }
  })
})
