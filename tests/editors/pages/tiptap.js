import { Editor } from '@tiptap/core'
import { Collaboration } from '@tiptap/extension-collaboration'
import StarterKit from '@tiptap/starter-kit'
import * as Y from 'yjs'
import { doc, opened } from './connect.js'

opened([['default', Y.XmlFragment]])
const editor = new Editor({
  element: document.querySelector('#editor'),
  extensions: [StarterKit.configure({ undoRedo: false }), Collaboration.configure({ document: doc })],
})
const words = (node) => (node instanceof Y.XmlText ? node.toDelta().map((run) => run.insert).join('') : node.toArray().map(words).join(''))
Object.assign(window.desk, {
  editor,
  words: () => doc.getXmlFragment('default').toArray().map(words).join('\n'),
  shown: () => editor.state.doc.textBetween(0, editor.state.doc.content.size, '\n'),
})
