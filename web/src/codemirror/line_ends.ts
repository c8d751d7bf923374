/**
 * Line ends in the editor. Only `\n` ends a line here, as for Yjs and the server: so every place has the same number in
 * the editor and in the shared text. `\r\n` may still come from outside: then the `\r` is hidden, nothing comes between
 * the two, and both go together. What is typed, pasted or dropped comes in with `\n`.
 */
import { EditorSelection, EditorState, Prec, RangeSet, RangeSetBuilder, type ChangeSpec, type Extension, type Text } from '@codemirror/state'
import { Decoration, EditorView, MatchDecorator, ViewPlugin, WidgetType, type DecorationSet, type ViewUpdate } from '@codemirror/view'
import { ySyncAnnotation } from 'y-codemirror.next'

/** A text as it enters: every line ends in `\n`. */
export function withPlainLineEnds(text: string): string {
  return text.replace(/\r\n?/g, '\n')
}

/** Whether a place lies between the `\r` and the `\n` of one line end. */
function isInside(doc: Text, at: number): boolean {
  return at > 0 && at < doc.length && doc.sliceString(at - 1, at + 1) === '\r\n'
}

class LoneReturn extends WidgetType {
  toDOM(): HTMLElement {
    const mark = document.createElement('span')
    mark.textContent = '␍'
    mark.className = 'faint'
    mark.setAttribute('aria-label', 'carriage return')
    return mark
  }
}

const hidden = Decoration.replace({})
const shown = Decoration.replace({ widget: new LoneReturn() })
const finder = new MatchDecorator({
  regexp: /\r/g,
  decorate: (add, from, to, _match, view) => add(from, to, isInside(view.state.doc, to) ? hidden : shown),
})

class Returns {
  decorations: DecorationSet
  /** `\r\n` as a whole: the cursor passes over both at once. */
  pairs: RangeSet<Decoration>

  constructor(view: EditorView) {
    this.decorations = finder.createDeco(view)
    this.pairs = this.pair(view.state.doc)
  }

  update(update: ViewUpdate): void {
    this.decorations = finder.updateDeco(update, this.decorations)
    if (update.docChanged || update.viewportChanged) this.pairs = this.pair(update.state.doc)
  }

  private pair(doc: Text): RangeSet<Decoration> {
    const found = new RangeSetBuilder<Decoration>()
    for (const at = this.decorations.iter(); at.value; at.next()) if (isInside(doc, at.to)) found.add(at.from, at.to + 1, hidden)
    return found.finish()
  }
}

const returns = ViewPlugin.fromClass(Returns, {
  decorations: (plugin) => plugin.decorations,
  provide: (plugin) => EditorView.atomicRanges.of((view) => view.plugin(plugin)?.pairs ?? RangeSet.empty),
})

/** What a person does keeps line ends whole, and brings in none but `\n`. */
const wholeEnds = EditorState.transactionFilter.of((tr) => {
  if (!tr.docChanged || tr.annotation(ySyncAnnotation)) return tr
  const doc = tr.startState.doc
  const changes: ChangeSpec[] = []
  let differs = false
  let end = 0
  let grown = 0
  tr.changes.iterChanges((fromA, toA, _fromB, _toB, inserted) => {
    const from = isInside(doc, fromA) ? fromA - 1 : fromA
    // The `\r` alone, and nothing for it: somebody deletes the line end. More than that ends before the line end does.
    const cut = toA - fromA === 1 && !inserted.length ? toA + 1 : toA - 1
    const to = toA === fromA ? from : isInside(doc, toA) ? cut : toA
    const text = inserted.toString()
    const insert = withPlainLineEnds(text)
    differs ||= from !== fromA || to !== toA || insert !== text
    changes.push({ from, to, insert })
    grown += insert.length - (to - from)
    end = to + grown
  })
  if (!differs) return tr
  return { changes, selection: EditorSelection.cursor(end), effects: tr.effects, scrollIntoView: true }
})

const wholeSelection = EditorState.transactionFilter.of((tr) => {
  const doc = tr.newDoc
  const ranges = tr.selection?.ranges ?? []
  if (!ranges.some((range) => isInside(doc, range.anchor) || isInside(doc, range.head))) return tr
  const whole = (at: number) => (isInside(doc, at) ? at - 1 : at)
  const moved = ranges.map((range) => EditorSelection.range(whole(range.anchor), whole(range.head)))
  return [tr, { selection: EditorSelection.create(moved, tr.selection!.mainIndex), sequential: true }]
})

export const lineEnds: Extension = [
  EditorState.lineSeparator.of('\n'),
  EditorView.clipboardInputFilter.of(withPlainLineEnds),
  Prec.lowest([wholeSelection, wholeEnds]),
  returns,
]
