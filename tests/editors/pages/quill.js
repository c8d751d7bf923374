import Quill from 'quill'
import QuillCursors from 'quill-cursors'
import 'quill/dist/quill.snow.css'
import { QuillBinding } from 'y-quill'
import * as Y from 'yjs'
import { doc, opened, provider } from './connect.js'

Quill.register('modules/cursors', QuillCursors)
const text = doc.getText('content')
opened([['content', Y.Text]])
const bindings = {
  undo: { key: 'z', shortKey: true, handler: () => { window.desk.undoManager.undo() } },
  redo: { key: 'y', shortKey: true, handler: () => { window.desk.undoManager.redo() } },
}
const quill = new Quill('#editor', { theme: 'snow', modules: { cursors: true, toolbar: [['bold', 'italic', 'image']], keyboard: { bindings } } })
const binding = new QuillBinding(text, quill, provider.awareness)
const undoManager = new Y.UndoManager(text, { trackedOrigins: new Set([binding]) })

// An image counts one, as in Quill and in Yjs.
const flat = (delta) => delta.map((run) => (typeof run.insert === 'string' ? run.insert : '\ufffc')).join('')
Object.assign(window.desk, {
  text,
  quill,
  undoManager,
  words: () => flat(text.toDelta()),
  shown: () => flat(quill.getContents().ops),
  delta: () => text.toDelta(),
})
