/** A text document in CodeMirror, bound to Yjs, with everybody's cursors and names. */
import { defaultKeymap } from '@codemirror/commands'
import { markdownKeymap, markdownLanguage } from '@codemirror/lang-markdown'
import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { Compartment, EditorState, Prec } from '@codemirror/state'
import { EditorView, drawSelection, highlightActiveLine, keymap, placeholder } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import type { WebsocketProvider } from 'y-websocket'
import { sharedText } from '../codemirror/shared_text'
import { placeOfProvider } from '../files/file_place'
import { filesInText } from '../files/files_in_text'
import { KeptFiles } from '../files/kept_files'
import { saveInBrowser } from '../files/save'
import { TextFiles } from '../files/text_files'

const style = HighlightStyle.define([
  { tag: tags.heading1, fontSize: '1.6em', fontWeight: '700', lineHeight: '1.4' },
  { tag: tags.heading2, fontSize: '1.22em', fontWeight: '650' },
  { tag: tags.heading3, fontSize: '1.08em', fontWeight: '650' },
  { tag: tags.strong, fontWeight: '700' },
  { tag: tags.emphasis, fontStyle: 'italic' },
  { tag: tags.processingInstruction, color: 'var(--faint)' },
  { tag: [tags.monospace, tags.url], color: 'var(--accent)' },
])

/** Whether this person may write. */
const writing = new Compartment()

/** Where text is selected, in UTF-16 units as Yjs and the editor count them. */
export interface TextSelection { from: number; to: number }

export function Editor(props: {
  provider: WebsocketProvider
  readOnly: boolean
  /** Whose files those are that wait in this browser. */
  actor: string
  onSelect: (selection: TextSelection | null) => void
}) {
  const host = useRef<HTMLDivElement>(null)
  const editor = useRef<EditorView | null>(null)
  const files = useMemo(() => filesOf(props.provider, props.actor), [props.provider])
  files.isReadOnly = props.readOnly
  useEffect(() => {
    const text = props.provider.doc.getText('content')
    const view = new EditorView({
      parent: host.current!,
      state: EditorState.create({
        doc: text.toString(),
        extensions: [
          sharedText(text, props.provider.awareness),
          filesInText(files.arrivals, files.source),
          keymap.of(defaultKeymap),
          // Not `markdown()`: that brings the languages that HTML may hold, three times as much as all of Markdown.
          markdownLanguage,
          Prec.high(keymap.of(markdownKeymap)),
          syntaxHighlighting(style),
          EditorView.lineWrapping,
          drawSelection(),
          highlightActiveLine(),
          placeholder('Write here. Everybody sees it at once.'),
          writing.of(EditorState.readOnly.of(props.readOnly)),
          EditorView.contentAttributes.of({ 'aria-label': 'Document text', 'data-testid': 'editor' }),
          EditorView.updateListener.of((update) => {
            if (!update.selectionSet && !update.docChanged) return
            const { from, to } = update.state.selection.main
            props.onSelect(from === to ? null : { from, to })
          }),
        ],
      }),
    })
    editor.current = view
    return () => view.destroy()
  }, [props.provider])
  // The same editor, with its cursor and focus: nobody's keystroke goes astray.
  useEffect(() => editor.current?.dispatch({ effects: writing.reconfigure(EditorState.readOnly.of(props.readOnly)) }), [props.readOnly])
  return <div class="editor" ref={host} />
}

/** The files of a document, and those of a person that are on their way into it. */
function filesOf(provider: WebsocketProvider, actor: string): TextFiles {
  const kept = new KeptFiles(`folkmoot:files:${provider.serverUrl}:${encodeURIComponent(actor)}`, provider.roomname, globalThis.indexedDB, navigator.locks)
  return TextFiles.of({ provider, kept, place: () => placeOfProvider(provider), host: window, draw: () => `${Date.now()}-${Math.random()}`, saveAs: saveInBrowser })
}
