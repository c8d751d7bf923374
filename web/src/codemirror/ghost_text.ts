/** What the agent is writing, as pale words at the place they are for; never in the text, so nobody's copy or count has them. */
import { StateEffect, StateField, type EditorState, type Extension } from '@codemirror/state'
import { Decoration, EditorView, ViewPlugin, WidgetType, type DecorationSet } from '@codemirror/view'
import * as Y from 'yjs'
import type { DraftView, IntentView } from '../client/log_view'
import type { Room } from '../client/room'

/** How much of a draft is shown, in UTF-16 units: its end, which is being written. */
const SHOWN_MAX = 2_000

/** Words and where they stand, in UTF-16 units of the text. */
export interface Ghost { at: number; words: string }

/** The drafts for a document, each at the end of the range that its instruction points at; else at the end of the text. */
export function ghostsIn(drafts: Iterable<DraftView>, intents: ReadonlyMap<string, IntentView>, names: readonly string[], text: Y.Text): Ghost[] {
  const found = [...drafts].filter((draft) => names.includes(draft.doc))
  return found
    .map(({ text: words, intents: [id = ''] }) => ({ at: placeIn(intents.get(id), names, text), words: words.length > SHOWN_MAX ? `…${words.slice(-SHOWN_MAX)}` : words }))
    .sort((a, b) => a.at - b.at)
}

function placeIn(intent: IntentView | undefined, names: readonly string[], text: Y.Text): number {
  const anchor = intent?.scope?.find(({ doc, to }) => to && names.includes(doc))?.to
  if (!anchor || !text.doc) return text.length
  const bytes = Uint8Array.from(atob(anchor), (letter) => letter.charCodeAt(0))
  const place = Y.createAbsolutePositionFromRelativePosition(Y.decodeRelativePosition(bytes), text.doc)
  return place?.type === text ? place.index : text.length
}

class Words extends WidgetType {
  constructor(private readonly words: string) {
    super()
  }
  override eq(other: Words): boolean {
    return other.words === this.words
  }
  toDOM(): HTMLElement {
    const shown = document.createElement('span')
    shown.className = 'cm-ghost-text'
    shown.setAttribute('aria-label', 'The agent is writing')
    shown.textContent = this.words
    return shown
  }
}

const drafted = StateEffect.define<readonly Ghost[]>()

/** The ghosts as decorations; they move with the text between two words of the agent's. */
function decorated(ghosts: readonly Ghost[], { doc }: EditorState): DecorationSet {
  return Decoration.set(ghosts.map(({ at, words }) => Decoration.widget({ widget: new Words(words), side: 1 }).range(Math.min(at, doc.length))))
}

const shown = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(now, transaction) {
    const told = transaction.effects.find((effect) => effect.is(drafted))
    return told ? decorated(told.value, transaction.state) : now.map(transaction.changes)
  },
  provide: (field) => EditorView.decorations.from(field),
})

const look = EditorView.baseTheme({ '.cm-ghost-text': { opacity: '0.55', fontStyle: 'italic', whiteSpace: 'pre-wrap' } })

/** Show in an editor of `text`, the words of the document `name` of a room, what the agent is writing for it. */
export function ghostText(room: Room, name: string, text: Y.Text): Extension {
  const follow = ViewPlugin.define((view) => {
    let last = '[]'
    const tell = () => {
      const link = room.links.find((one) => one.is(name) || one.name === name)
      const ghosts = ghostsIn(room.drafts.values(), room.intents, link ? [name, link.id, link.name] : [name], text)
      const now = JSON.stringify(ghosts)
      if (now === last) return
      last = now
      view.dispatch({ effects: drafted.of(ghosts) })
    }
    // An editor takes no transaction while it is made.
    queueMicrotask(tell)
    return { destroy: room.subscribe(tell) }
  })
  return [shown, follow, look]
}
