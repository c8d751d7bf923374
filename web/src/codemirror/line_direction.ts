/** Each line of a text runs as its own first letters do, whatever the language of the page is. */
import type { Extension } from '@codemirror/state'
import { Decoration, EditorView, ViewPlugin, type DecorationSet, type ViewUpdate } from '@codemirror/view'

const own = Decoration.line({ attributes: { dir: 'auto' } })

/** The lines that are drawn, each told to find its own direction. */
function drawn(view: EditorView): DecorationSet {
  const places = new Set<number>()
  for (const { from, to } of view.visibleRanges)
    for (let at = from; at <= to; at = view.state.doc.lineAt(at).to + 1) places.add(view.state.doc.lineAt(at).from)
  return Decoration.set([...places].sort((a, b) => a - b).map((place) => own.range(place)))
}

export const lineDirection: Extension = [
  EditorView.perLineTextDirection.of(true),
  ViewPlugin.define(
    (view) => ({
      decorations: drawn(view),
      update(update: ViewUpdate) {
        if (update.docChanged || update.viewportChanged) this.decorations = drawn(update.view)
      },
    }),
    { decorations: (plugin) => plugin.decorations },
  ),
]
