import { describe, expect, it } from 'vitest'
import { documentIn, documentInstead, documentToOpen, linkTo } from './address'

const DOCUMENTS = { budget: 'data', plan: 'text', notes: 'text', 'café': 'text' } as const

describe('the document of an address', () => {
  it('is the one that it names, in the form in which it is known', () => {
    expect(documentIn('?doc=plan', DOCUMENTS)).toBe('plan')
    expect(documentIn(`?doc=${encodeURIComponent('cafe\u0301')}`, DOCUMENTS)).toBe('café')
    expect(documentIn('?doc=gone', DOCUMENTS)).toBe('gone')
    expect(documentIn('?x=1', DOCUMENTS)).toBeNull()
  })

  it('is the first text where none is named, else the first there is', () => {
    expect(documentToOpen('', DOCUMENTS)).toBe('café')
    expect(documentToOpen('?doc=budget', DOCUMENTS)).toBe('budget')
    expect(documentToOpen('', { z: 'rich', b: 'data' })).toBe('b')
    expect(documentToOpen('', {})).toBe('')
  })

  it('is put in beside what stands there, and taken out', () => {
    expect(linkTo('a b/ü', '/w/x', '?dark=1')).toBe('/w/x?dark=1&doc=a+b%2F%C3%BC')
    expect(documentIn(linkTo('50%25&c', '', ''), DOCUMENTS)).toBe('50%25&c')
    expect(linkTo('plan', '/w/x', '?doc=old')).toBe('/w/x?doc=plan')
    expect(linkTo('', '/w/x', '?doc=old')).toBe('/w/x')
  })
})

describe('who looks at a variant that was not picked', () => {
  it('is taken to what it was a variant of, else to the first that is left', () => {
    const documents = { ...DOCUMENTS, 'plan.i12': 'text' } as const
    expect(documentInstead('plan.i12', documents, new Set(['plan.i12']))).toBe('plan')
    expect(documentInstead('plan.i12', documents, new Set(['plan.i12', 'plan']))).toBe('budget')
    expect(documentInstead('a', { a: 'text' }, new Set(['a']))).toBe('')
  })
})
