/**
 * Files in an editor: what is dropped or pasted is brought in, what the text names is shown. Only the lines that are drawn
 * have theirs shown, so only those are fetched.
 */
import { StateEffect, StateField, type EditorState, type Extension, type Text } from '@codemirror/state'
import { Decoration, EditorView, MatchDecorator, ViewPlugin, WidgetType, type DecorationSet, type ViewUpdate } from '@codemirror/view'
import { ArrivalWidget } from './arrival_widget'
import type { Arrivals } from './arrivals'
import { FileWidget, type FileSource } from './file_widget'
import { hasInlined, partedPage, partedText, type HtmlNode, type InlinedFile, type Parted } from './inlined'
import { filesIn, type NamedFile } from './references'

/** How much of one line is looked at. */
const LINE_UNITS_MAX = 20_000
const ENDINGS: Readonly<Record<string, string>> = { 'image/png': 'png', 'image/jpeg': 'jpg', 'image/gif': 'gif', 'image/webp': 'webp', 'image/avif': 'avif', 'image/svg+xml': 'svg' }

/** What came with a paste or a drop. */
export interface Transferred { files: readonly File[]; html: string; plain: string }
/** What becomes of it: files alone, words with what was inlined in them, or what the editor does by itself. */
export type FilesComing = { files: readonly File[] } | { parted: Parted } | null

/** What is brought in of what came; `parse` makes a page of its source. */
export function comingOf({ files, html, plain }: Transferred, parse: (html: string) => HtmlNode): FilesComing {
  // Words processors put a picture of the words beside them.
  if (files.length && !(html && plain)) return { files }
  const page = hasInlined(html) ? partedPage(parse(html)) : null
  if (page?.files.length) return { parted: page }
  return hasInlined(plain) ? { parted: partedText(plain) } : null
}

/** What an inlined file is called: as was said of it, else what it is. */
export function nameOf({ words, file }: InlinedFile): string {
  const ending = ENDINGS[file?.type ?? ''] ?? ''
  const name = words.replace(/\s+/g, ' ').trim().slice(0, 80) || (ending ? 'picture' : 'file')
  return ending && !name.toLowerCase().endsWith(`.${ending}`) ? `${name}.${ending}` : name
}

/** The files that lines of a text name, each with where it is shown: behind its line a picture, behind its link another. */
export function shownIn(doc: Text, ranges: readonly { from: number; to: number }[]): { at: number; named: NamedFile }[] {
  const found: ReturnType<typeof shownIn> = []
  let done = -1
  for (const { from, to } of ranges)
    for (let line = doc.lineAt(from); ; line = doc.line(line.number + 1)) {
      if (line.from > done)
        for (const named of filesIn(line.text.slice(0, LINE_UNITS_MAX)))
          found.push({ at: named.isPicture ? line.to : line.from + named.to, named: { ...named, from: line.from + named.from, to: line.from + named.to } })
      done = Math.max(done, line.from)
      if (line.to >= to || line.number === doc.lines) break
    }
  return found.sort((a, b) => a.at - b.at || a.named.from - b.named.from)
}

const told = StateEffect.define<null>()

/** Files on their way, at their places; between two words of theirs they move with the text. */
function onTheirWay(arrivals: Arrivals): Extension {
  const drawn = ({ doc }: EditorState) => {
    const placed = arrivals.all.map((arrival) => ({ at: Math.min(arrivals.indexOf(arrival), doc.length), arrival })).sort((a, b) => a.at - b.at)
    return Decoration.set(placed.map(({ at, arrival }) => Decoration.widget({ widget: new ArrivalWidget(arrival, arrivals), side: 2 }).range(at)))
  }
  const shown = StateField.define<DecorationSet>({
    create: drawn,
    update: (now, transaction) => (transaction.effects.some((effect) => effect.is(told)) ? drawn(transaction.state) : now.map(transaction.changes)),
    provide: (field) => EditorView.decorations.from(field),
  })
  const follow = ViewPlugin.define((view) => {
    let isAsked = false
    let isOver = false
    const stop = arrivals.subscribe(() => {
      if (isAsked) return
      isAsked = true
      // Once the editor has taken in what the text has: an editor takes no transaction within another.
      queueMicrotask(() => {
        isAsked = false
        if (!isOver) view.dispatch({ effects: told.of(null) })
      })
    })
    // Who waits at the place goes on writing behind what has come.
    const stopWrote = arrivals.onWrote((from, to) => {
      const { main } = view.state.selection
      if (main.empty && main.head === from && view.state.doc.length >= to) view.dispatch({ selection: { anchor: to } })
    })
    return { destroy: () => { isOver = true; stop(); stopWrote() } }
  })
  return [shown, follow]
}

/** The digits of a file's id, which say nothing to people: one sign for them, that the cursor passes as one. */
class Digits extends WidgetType {
  override eq(): boolean {
    return true
  }
  toDOM(): HTMLElement {
    const sign = document.createElement('span')
    sign.textContent = '…'
    sign.ariaLabel = 'digest'
    return sign
  }
}
const digits = Decoration.replace({ widget: new Digits() })
const finder = new MatchDecorator({ regexp: /sha256-[0-9a-f]{64}(?=[\s)])/g, decorate: (add, from, to) => add(from + 'sha256-'.length, to, digits) })
const shortened = ViewPlugin.define(
  (view) => ({
    decorations: finder.createDeco(view),
    update(update: ViewUpdate) {
      this.decorations = finder.updateDeco(update, this.decorations)
    },
  }),
  { decorations: (plugin) => plugin.decorations, provide: (plugin) => EditorView.atomicRanges.of((view) => view.plugin(plugin)?.decorations ?? Decoration.none) },
)

/** What the text names, shown in the lines that are drawn. */
function named(source: FileSource): Extension {
  const drawn = (view: EditorView) =>
    Decoration.set(shownIn(view.state.doc, view.visibleRanges).map(({ at, named }) => Decoration.widget({ widget: new FileWidget(named, source), side: 1 }).range(at)))
  return ViewPlugin.define(
    (view) => ({
      decorations: drawn(view),
      update(update: ViewUpdate) {
        if (update.docChanged || update.viewportChanged) this.decorations = drawn(update.view)
      },
    }),
    { decorations: (plugin) => plugin.decorations },
  )
}

/** Bring in what came at a place; whether the editor has nothing more to do with it. */
function bringIn(view: EditorView, arrivals: Arrivals, data: DataTransfer | null, range: { from: number; to: number }): boolean {
  if (!data) return false
  const came = { files: [...data.files], html: data.getData('text/html'), plain: data.getData('text/plain') }
  const coming = comingOf(came, (html) => new DOMParser().parseFromString(html, 'text/html').body)
  if (!coming) return false
  const { from, to } = range
  if (view.state.readOnly) {
    arrivals.refuse('files' in coming ? coming.files.map(({ name }) => name).join(', ').slice(0, 200) : 'Pictures', from, 'Not brought in: you may only read this document.', 'Ask the owner for the right to edit.')
    return true
  }
  if ('files' in coming) {
    for (const file of coming.files) arrivals.add(file, { name: file.name, index: from })
    return true
  }
  const { text, files } = coming.parted
  view.dispatch({ changes: { from, to, insert: text }, selection: { anchor: from + text.length }, scrollIntoView: true, userEvent: 'input.paste' })
  for (const one of files) {
    const name = nameOf(one)
    if (one.file) arrivals.add(one.file, { name, words: one.words.trim() || name, index: from + one.at })
    else arrivals.refuse(name, from + one.at, 'This picture could not be read: what was pasted of it is broken or too large.', 'Save it as a file, then drop that here.')
  }
  return true
}

const look = EditorView.baseTheme({
  '.cm-picture': { display: 'inline-flex', alignItems: 'flex-start', gap: '8px', width: '100%', verticalAlign: 'top', minHeight: '1.6em', padding: '4px 0', color: 'var(--soft)', fontSize: '14px', whiteSpace: 'normal' },
  '.cm-picture img': { minWidth: '0', maxWidth: 'calc(100% - 64px)', maxHeight: '60vh', width: 'auto', height: 'auto', borderRadius: '8px', border: '1px solid var(--line)' },
  '.cm-picture img + button': { opacity: '0' },
  '.cm-picture:hover img + button, .cm-picture img + button:focus-visible': { opacity: '1' },
  '@media (hover: none)': { '.cm-picture img + button': { opacity: '0.85' } },
  '.cm-picture > [role=status], .cm-file > [role=status]': { marginRight: '8px' },
  '.cm-file': { marginLeft: '4px', fontSize: '14px', whiteSpace: 'normal' },
  '.cm-arrival': { display: 'inline-flex', flexWrap: 'wrap', alignItems: 'center', gap: '2px 8px', maxWidth: '100%', margin: '2px 4px', padding: '3px 10px', border: '1px dashed var(--line)', borderRadius: '8px', background: 'var(--card)', color: 'var(--soft)', fontSize: '14px', lineHeight: '1.5', whiteSpace: 'normal', verticalAlign: 'middle' },
  '.cm-arrival.is-bad': { borderColor: 'var(--bad)' },
  '.cm-arrival b': { fontWeight: '600', color: 'var(--ink)', overflowWrap: 'anywhere' },
  '.cm-arrival progress': { width: '90px', accentColor: 'var(--accent)' },
  '.cm-arrival [hidden]': { display: 'none' },
})

/** What an editor of `arrivals.text` needs for files. */
export function filesInText(arrivals: Arrivals, source: FileSource): Extension {
  const comes = EditorView.domEventHandlers({
    paste: (event, view) => {
      const isTaken = bringIn(view, arrivals, event.clipboardData, view.state.selection.main)
      if (isTaken) event.preventDefault()
      return isTaken
    },
    drop: (event, view) => {
      const at = view.posAtCoords({ x: event.clientX, y: event.clientY }, false)
      const isTaken = bringIn(view, arrivals, event.dataTransfer, { from: at, to: at })
      if (isTaken) event.preventDefault()
      return isTaken
    },
  })
  // Below a short text there is paper, too: what is dropped there comes to its end.
  const beside = ViewPlugin.define((view) => {
    const around = view.dom.parentElement
    const over = (event: DragEvent) => {
      // Else the browser opens the file in place of the page.
      if (event.dataTransfer?.types.includes('Files')) event.preventDefault()
    }
    const drops = (event: DragEvent) => {
      const { length } = view.state.doc
      if (!event.defaultPrevented && bringIn(view, arrivals, event.dataTransfer, { from: length, to: length })) event.preventDefault()
    }
    around?.addEventListener('dragover', over)
    around?.addEventListener('drop', drops)
    return {
      destroy: () => {
        around?.removeEventListener('dragover', over)
        around?.removeEventListener('drop', drops)
      },
    }
  })
  return [comes, beside, onTheirWay(arrivals), named(source), shortened, look]
}
