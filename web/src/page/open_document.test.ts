import { describe, expect, it } from 'vitest'
import { asListed, copyName, documentNamed, isListedOtherwise } from './open_document'

const listed = { documents: { plan: 'text', budget: 'data' }, ids: { plan: 'plan/_9', budget: 'budget' } } as const

describe('the open document', () => {
  it('is found by its name, and is another one than that of an older id', () => {
    expect(documentNamed('plan', listed)).toEqual({ id: 'plan/_9', name: 'plan', kind: 'text' })
    expect(documentNamed('toString', listed)).toBeNull()
  })

  it('keeps to its id when it is called otherwise, and is as it was where it is not listed', () => {
    const open = { id: 'budget', name: 'costs', kind: 'data' } as const
    expect(asListed(open, listed)).toEqual({ ...open, name: 'budget' })
    const gone = { id: 'plan', name: 'plan', kind: 'text' } as const
    expect(asListed(gone, listed)).toBe(gone)
  })

  it('is copied under a name that nobody has', () => {
    expect(copyName('plan', listed.documents)).toBe('plan (copy)')
    expect(copyName('plan', { 'plan (copy)': 'text', 'plan (copy 2)': 'text' })).toBe('plan (copy 3)')
  })

  it('is listed anew where the log tells of others', () => {
    expect(isListedOtherwise(new Set(['plan', 'budget']), listed.documents)).toBe(false)
    expect(isListedOtherwise(new Set(['plan']), listed.documents)).toBe(true)
    expect(isListedOtherwise(new Set(['plan', 'costs']), listed.documents)).toBe(true)
  })
})
