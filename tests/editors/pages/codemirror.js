import { EditorState } from '@codemirror/state'
import { keymap } from '@codemirror/view'
import { basicSetup, EditorView } from 'codemirror'
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next'
import * as Y from 'yjs'
import { doc, opened, provider } from './connect.js'

const text = doc.getText('content')
opened([['content', Y.Text]])
const undoManager = new Y.UndoManager(text)
const view = new EditorView({
  state: EditorState.create({
    doc: text.toString(),
    extensions: [keymap.of(yUndoManagerKeymap), basicSetup, EditorView.lineWrapping, yCollab(text, provider.awareness, { undoManager })],
  }),
  parent: document.querySelector('#editor'),
})
Object.assign(window.desk, { text, view, undoManager, words: () => text.toString(), shown: () => view.state.doc.toString() })
