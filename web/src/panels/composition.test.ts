import { describe, expect, it } from 'vitest'
import { begins, currentScope, leftOut, namedDocuments, NOTHING_WRITTEN, pointedAt, cleared, withWords, widened } from './composition'

const selected = () => ({ doc: 'plan', from: 'a', to: 'b', quote: 'three' })
const other = () => ({ doc: 'plan', from: 'c', to: 'd', quote: 'four' })
const WHOLE = { doc: 'plan' }

describe('where an instruction points', () => {
  it('is what was selected at the first keystroke, whatever is selected then', () => {
    const first = withWords(NOTHING_WRITTEN, 'm', currentScope(NOTHING_WRITTEN, 'plan', selected))
    expect(currentScope(first, 'plan', other)).toEqual(selected())
    expect(currentScope(withWords(first, 'make', currentScope(first, 'plan', other)), 'plan', null)).toEqual(selected())
  })

  it('is the whole document where nothing is selected, and stays so', () => {
    const first = withWords(NOTHING_WRITTEN, 'm', currentScope(NOTHING_WRITTEN, 'plan', null))
    expect(currentScope(first, 'plan', selected)).toEqual(WHOLE)
  })

  it('is let go with the last word, and with it what was left out', () => {
    const first = leftOut(withWords(NOTHING_WRITTEN, 'm', selected()), 'budget')
    const none = withWords(first, '', selected())
    expect([none, currentScope(none, 'plan', other)]).toEqual([NOTHING_WRITTEN, other()])
    expect(cleared(first)).toEqual(NOTHING_WRITTEN)
  })

  it('is widened for this one and the next', () => {
    const written = widened(withWords(NOTHING_WRITTEN, 'm', selected()), 'plan')
    expect(currentScope(written, 'plan', selected)).toEqual(WHOLE)
    expect(currentScope(cleared(written), 'plan', selected)).toEqual(WHOLE)
    expect(currentScope(widened(NOTHING_WRITTEN, 'plan'), 'plan', selected)).toEqual(WHOLE)
  })

  it('is in other documents, too, that its words name, until they are left out', () => {
    const one = withWords(NOTHING_WRITTEN, 'move it from plan to budget and notes', WHOLE)
    const documents = ['plan', 'budget', 'notes', 'other']
    expect(namedDocuments(one, WHOLE, documents)).toEqual(['budget', 'notes'])
    expect(namedDocuments(leftOut(one, 'budget'), WHOLE, documents)).toEqual(['notes'])
    expect(pointedAt(selected(), ['notes'])).toEqual([selected(), { doc: 'notes' }])
  })
})

describe('an instruction', () => {
  it('begins with its first word, once', () => {
    const first = withWords(NOTHING_WRITTEN, 'm', WHOLE)
    expect([begins(NOTHING_WRITTEN, ''), begins(NOTHING_WRITTEN, 'm'), begins(first, 'ma'), begins(first, '')]).toEqual([false, true, false, false])
  })
})
