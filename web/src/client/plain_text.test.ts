import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { plainText } from './plain_text'

describe('a document as plain text', () => {
  it('shows words, or values with what JSON cannot say', () => {
    const doc = new Y.Doc()
    expect(plainText(doc)).toBe('')
    doc.getMap('data').set('n', 12345678901234567890n)
    expect(plainText(doc)).toBe('{\n  "n": "12345678901234567890"\n}')
    doc.getText('content').insert(0, 'words')
    expect(plainText(doc)).toBe('words')
  })
})
