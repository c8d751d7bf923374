import { EditorState, type TransactionSpec } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { describe, expect, it } from 'vitest'
import { ySyncAnnotation, type YSyncConfig } from 'y-codemirror.next'
import { lineEnds, withPlainLineEnds } from './line_ends'

const state = (doc: string) => EditorState.create({ doc: EditorState.create({ extensions: lineEnds }).toText(doc), extensions: lineEnds })
const after = (doc: string, spec: TransactionSpec) => {
  const { newDoc, newSelection } = state(doc).update(spec)
  return [newDoc.toString(), newSelection.main.anchor, newSelection.main.head]
}
const text = (doc: string, spec: TransactionSpec) => after(doc, spec)[0]

describe('a text that comes in', () => {
  it('has plain line ends', () => {
    expect(withPlainLineEnds('a\r\nb\rc\nd\r\r\n')).toBe('a\nb\nc\nd\n\n')
    const filters = state('').facet(EditorView.clipboardInputFilter)
    expect(filters.reduce((pasted, filter) => filter(pasted, state('')), 'a\r\nb')).toBe('a\nb')
    expect(text('', { changes: { from: 0, insert: 'a\r\nb' } })).toBe('a\nb')
  })
})

describe('a place', () => {
  it('has the same number in the editor as in the shared text, whatever line ends that has', () => {
    for (const doc of ['a\r\nb', 'a\rb', '\r\n\r\n', 'a\nb']) {
      expect(state(doc).doc.length).toBe(doc.length)
      expect(state(doc).doc.toString()).toBe(doc)
    }
  })
})

describe('a line end of two', () => {
  it('is not parted by what is typed at it', () => {
    expect(text('a\r\nb', { changes: { from: 2, insert: 'x' } })).toBe('ax\r\nb')
    expect(text('a\r\nb', { changes: { from: 1, insert: 'x' } })).toBe('ax\r\nb')
    expect(text('a\r\nb', { changes: { from: 3, insert: 'x' } })).toBe('a\r\nxb')
  })

  it('goes as one, from either side', () => {
    expect(text('a\r\nb', { changes: { from: 1, to: 2 } })).toBe('ab')
    expect(text('a\r\nb', { changes: { from: 2, to: 3 } })).toBe('ab')
  })

  it('stays whole where more than it is replaced up to its middle', () => {
    expect(text('ab\r\nc', { changes: { from: 0, to: 3, insert: 'x' } })).toBe('x\r\nc')
    expect(text('a\r\nbc', { changes: { from: 2, to: 5, insert: 'x' } })).toBe('ax')
  })

  it('is passed by the cursor as one', () => {
    expect(after('a\r\nb', { selection: { anchor: 2 } })).toEqual(['a\r\nb', 1, 1])
    expect(after('a\r\nb', { selection: { anchor: 4, head: 2 } })).toEqual(['a\r\nb', 4, 1])
    expect(after('a\rb', { selection: { anchor: 2 } })).toEqual(['a\rb', 2, 2])
  })

  it('stays where something is typed in place of its first half', () => {
    expect(text('a\r\nb', { changes: { from: 1, to: 2, insert: 'x' } })).toBe('ax\r\nb')
  })

  it('leaves the cursor behind what was typed at it', () => {
    expect(after('a\r\nb', { changes: { from: 2, insert: 'xy' } })).toEqual(['axy\r\nb', 3, 3])
  })
})

describe('what touches no line end of two', () => {
  it('is done as it was meant', () => {
    expect(state('').lineBreak).toBe('\n')
    expect(after('a\r\nb', { changes: { from: 0, insert: 'x' }, selection: { anchor: 5 } })).toEqual(['xa\r\nb', 5, 5])
    expect(after('a\nb', { changes: { from: 1, to: 2, insert: '' }, selection: { anchor: 0, head: 2 } })).toEqual(['ab', 0, 2])
  })
})

describe('what the shared text brings', () => {
  it('is taken as it is: every place would be another one otherwise', () => {
    const shared = ySyncAnnotation.of({} as YSyncConfig)
    expect(text('ab', { changes: { from: 1, insert: '\r\n' }, annotations: shared })).toBe('a\r\nb')
    expect(text('a\r\nb', { changes: { from: 2, insert: 'x' }, annotations: shared })).toBe('a\rx\nb')
  })
})
