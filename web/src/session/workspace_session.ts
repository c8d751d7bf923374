/**
 * A person's open workspace, outside of what is drawn: the room and its own socket, the documents that are alive, the
 * instruction that is being written, what was set aside. It outlives every switch of documents, and what it keeps outlives
 * the page.
 */
import { ControlSocket } from '../client/control_socket'
import { Room } from '../client/room'
import type { Unsent } from '../client/refused'
import type { Role } from '../client/wire'
import type { OpenDocument } from '../page/open_document'
import { NOTHING_WRITTEN, type Composition } from '../panels/composition'
import { Aside } from './aside'
import { Courier, hasUnanswered } from './courier'
import { LiveDocuments, type LiveDocument } from './live_documents'
import { Shelf, type Cupboard } from './shelf'
import type { Tab } from './tab'
import { keepWriting, pagesWriting, takeOver, writingOf } from './writing'

/** How many records of the log a page is told when it opens. */
const HISTORY = 2000
const LANE = 'lane:'
const PROBLEMS = 'problems:'

export interface Beginning {
  /** How keys of the workspace begin in this browser. */
  place: string
  actor: string
  /** Where the log stood when the page asked. */
  seq: number
  /** The workspace's documents, id by name. */
  ids: Readonly<Record<string, string>>
  cupboard: Cupboard
  tab: Tab
  socketUrl: string
  protocols: () => string[]
  user: () => Record<string, string>
  role: () => Role
  host: EventTarget
  isVisible: () => boolean
  now: () => number
}

export class Session {
  readonly room: Room
  readonly documents: LiveDocuments
  readonly aside: Aside
  readonly shelf: Shelf
  readonly carrier: ControlSocket
  /** The instruction that is being written. */
  composition: Composition = NOTHING_WRITTEN
  private kept: readonly Unsent[] = []

  constructor(private readonly beginning: Beginning) {
    const { place, actor, seq, ids, cupboard, tab, socketUrl, protocols, user, role, host, isVisible, now } = beginning
    this.shelf = new Shelf(cupboard, place, actor)
    this.aside = new Aside(this.shelf)
    this.room = new Room({ store: this.shelf.store, key: LANE + tab.id, from: Math.max(0, seq - HISTORY) })
    this.room.inbox.isWatched = isVisible
    for (const [name, id] of Object.entries(ids)) {
      this.room.documents.add(name)
      if (id !== name) this.room.names.set(id, name)
    }
    this.documents = new LiveDocuments({
      room: this.room, shelf: this.shelf, aside: this.aside, tab: tab.id, socketUrl, protocols, user, role, host, now,
      database: (id) => `${place}:${encodeURIComponent(actor)}:${id}`,
    })
    this.kept = this.room.problems = this.shelf.read<Unsent[]>(PROBLEMS + tab.id) ?? []
    this.room.subscribe(() => this.keepProblems())
    this.carrier = new ControlSocket(socketUrl, protocols, this.room)
    this.room.speakOn(this.carrier)
    this.resume()
    for (const kind of ['online', 'offline']) host.addEventListener(kind, () => this.carrier.again())
  }

  /** Show a document. */
  open(opened: OpenDocument): LiveDocument {
    const live = this.documents.open(opened)
    // Its socket joins a lane, so the room's comes first; offline it comes when the server does.
    this.carrier.connect()
    return live
  }

  /** The instruction that is being written is this from now on. */
  write(composition: Composition): void {
    const { shelf, beginning, room } = this
    this.composition = composition
    keepWriting(shelf, beginning.tab.id, composition, room.lane.composing ?? 0, beginning.now())
    room.changed()
  }

  /** Whether anything of this page is not on the server's disk. */
  get hasUnsaved(): boolean {
    return this.room.lane.pending.length > 0 || this.documents.all.some(({ link }) => link.unsaved)
  }

  /** Another token of the same person counts from here on. */
  renew(): void {
    this.carrier.disconnect()
    this.carrier.connect()
    this.documents.reconnect()
  }

  /** Take over what pages of this person's have left that are gone: acts without an answer, edits, half an instruction. */
  async takeOver(listed: (id: string) => OpenDocument): Promise<void> {
    const { shelf, beginning: { tab } } = this
    for (const name of shelf.names('unsaved:')) {
      const from = name.slice(0, name.indexOf(':'))
      const id = name.slice(name.indexOf(':') + 1)
      if (from !== tab.id && (await tab.isGone(from))) {
        shelf.write(`unsaved:${tab.id}:${id}`, shelf.read(`unsaved:${name}`))
        shelf.drop(`unsaved:${name}`)
      }
      if (shelf.read(`unsaved:${tab.id}:${id}`) !== null) this.documents.wake(listed(id))
    }
    for (const from of shelf.names(LANE)) {
      if (from === tab.id || !(await tab.isGone(from))) continue
      if (hasUnanswered(shelf.store, LANE + from)) this.deliver(from)
      else shelf.drop(LANE + from)
      this.room.problems = [...(shelf.read<Unsent[]>(PROBLEMS + from) ?? []), ...this.room.problems]
      shelf.drop(PROBLEMS + from)
    }
    for (const from of pagesWriting(shelf)) {
      if (this.composition.words) break
      if (from === tab.id || !(await tab.isGone(from))) continue
      takeOver(shelf, from, tab.id)
      this.resume()
    }
    this.room.changed()
  }

  private resume(): void {
    const unfinished = writingOf(this.shelf, this.beginning.tab.id)
    if (!unfinished) return
    this.composition = unfinished.composition
    this.room.lane.resume(unfinished.seen)
  }

  private deliver(from: string): void {
    const { shelf, beginning: { socketUrl, protocols }, room } = this
    void new Courier(
      shelf.store, LANE + from, (events) => new ControlSocket(socketUrl, protocols, events),
      ({ intent, reason, remedy }) => room.refused({ what: 'intent', n: -intent.n, text: intent.text || intent.kind, code: 'undelivered', reason, remedy }),
    )
  }

  private keepProblems(): void {
    const { problems } = this.room
    if (problems === this.kept) return
    this.kept = problems
    const name = PROBLEMS + this.beginning.tab.id
    if (problems.length) this.shelf.write(name, problems)
    else this.shelf.drop(name)
  }
}
