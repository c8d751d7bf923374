import { EditorState } from '@codemirror/state'
import { EditorView, keymap } from '@codemirror/view'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { sharedText } from './shared_text'

describe('a shared text', () => {
  it('ends lines as the shared text does, in the direction of each, and undoes by Yjs', () => {
    const text = new Y.Doc().getText('content')
    text.insert(0, 'one\r\ntwo')
    const state = EditorState.create({ doc: text.toString(), extensions: sharedText(text, null) })
    expect(state.doc.toString()).toBe('one\r\ntwo')
    expect(state.facet(EditorView.perLineTextDirection)).toBe(true)
    expect(state.facet(keymap).flat().map((binding) => binding.key)).toContain('Mod-z')
  })
})
