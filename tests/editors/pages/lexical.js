import { CollaborationPlugin } from '@lexical/react/LexicalCollaborationPlugin'
import { LexicalCollaboration } from '@lexical/react/LexicalCollaborationContext'
import { LexicalComposer } from '@lexical/react/LexicalComposer'
import { useLexicalComposerContext } from '@lexical/react/LexicalComposerContext'
import { ContentEditable } from '@lexical/react/LexicalContentEditable'
import { LexicalErrorBoundary } from '@lexical/react/LexicalErrorBoundary'
import { RichTextPlugin } from '@lexical/react/LexicalRichTextPlugin'
import { $getRoot } from 'lexical'
import { createElement as h } from 'react'
import { createRoot } from 'react-dom/client'
import * as Y from 'yjs'
import { doc, opened, person, provider } from './connect.js'

opened([['root', Y.XmlText]])
const provide = (id, documents) => {
  documents.set(id, doc)
  return provider
}
const Expose = () => {
  const [editor] = useLexicalComposerContext()
  window.desk.editor = editor
  return null
}
const config = { namespace: 'stock', editorState: null, nodes: [], onError: (error) => { throw error } }
createRoot(document.querySelector('#editor')).render(
  h(LexicalCollaboration, null, h(LexicalComposer, { initialConfig: config },
    h(RichTextPlugin, { contentEditable: h(ContentEditable, { className: 'editable' }), placeholder: null, ErrorBoundary: LexicalErrorBoundary }),
    h(CollaborationPlugin, { id: 'main', providerFactory: provide, shouldBootstrap: person.name === 'Ana', username: person.name, cursorColor: person.color }),
    h(Expose))),
)
const words = (block) => block.toDelta().map(({ insert }) => (typeof insert === 'string' ? insert : insert instanceof Y.XmlText ? words(insert) : '')).join('')
Object.assign(window.desk, {
  words: () => doc.get('root', Y.XmlText).toDelta().map(({ insert }) => (insert instanceof Y.XmlText ? words(insert) : '')).join('\n'),
  shown: () => window.desk.editor.getEditorState().read(() => $getRoot().getChildren().map((block) => block.getTextContent()).join('\n')),
})
