import { describe, expect, it } from 'vitest'
import { viewOf } from '../client/fixtures'
import { draftHeading } from './draft_heading'

describe('a draft', () => {
  const intents = new Map([['i1', viewOf('i1', { actor: 'Ana' })], ['i2', viewOf('i2', { actor: 'Ben' })]])
  const steps = new Map([['i2', ['Reads.', 'Writes.']]])

  it('says for whom it is, and the last step', () => {
    const log = { intents, steps, actor: 'Ana' }
    expect(draftHeading({ intents: ['i1'] }, log)).toBe('✦ The agent is writing for you')
    expect(draftHeading({ intents: ['i2', 'i1'] }, log)).toBe('✦ The agent is writing for Ben · Writes.')
    expect(draftHeading({ intents: ['i9'] }, log)).toBe('✦ The agent is writing for i9')
  })
})
