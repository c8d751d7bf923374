import { describe, expect, it } from 'vitest'
import { examplesFor, wantedDocument } from './new_documents'

describe('a new document', () => {
  it('is a text, or of values where its name ends so', () => {
    expect(wantedDocument(' notes ')).toEqual({ name: 'notes', kind: 'text' })
    expect(wantedDocument('budget.data')).toEqual({ name: 'budget', kind: 'data' })
    expect(wantedDocument('.data')).toEqual({ name: '', kind: 'data' })
    expect([wantedDocument('  '), wantedDocument(null)]).toEqual([null, null])
  })
})

describe('examples', () => {
  it('name the document as it is called', () => {
    expect(examplesFor('text', "$&$'")[0]).toBe(`append "A new line" to $&$'`)
    for (const kind of ['text', 'data', 'rich'] as const) expect(examplesFor(kind, 'x').join()).not.toContain('DOC')
  })
})
