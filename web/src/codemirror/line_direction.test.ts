import { EditorState } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { describe, expect, it } from 'vitest'
import { lineDirection } from './line_direction'

describe('the direction of lines', () => {
  it('is each line’s own', () => {
    const state = EditorState.create({ doc: 'hello\nשלום', extensions: lineDirection })
    expect(state.facet(EditorView.perLineTextDirection)).toBe(true)
  })
})
