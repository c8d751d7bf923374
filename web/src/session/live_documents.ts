/**
 * The documents that stay alive on this page, each with its replica, its socket and its place in IndexedDB: the one that is
 * shown, those that were shown last, and every one with edits that are not saved. Switching ends none of these.
 */
import { IndexeddbPersistence } from 'y-indexeddb'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import type { DocumentLink } from '../client/document_link'
import { addressOf, byId } from '../client/names'
import { followNetwork } from '../client/network'
import { plainText } from '../client/plain_text'
import type { Room } from '../client/room'
import type { Role } from '../client/wire'
import type { OpenDocument } from '../page/open_document'
import { linesBeyond, type Aside } from './aside'
import type { Shelf } from './shelf'

/** How many documents stay connected behind the one that is shown. */
export const ALIVE_MAX = 8
const UNSAVED = 'unsaved:'

export interface LiveDocument {
  id: string
  link: DocumentLink
  provider: WebsocketProvider
  persistence: IndexeddbPersistence
  /** Counts the replicas of this document on this page: one in which there is what was refused is replaced. */
  replica: number
  /** Whether all that this browser keeps of it is here; false also where it keeps nothing at all. */
  isLoaded: boolean
  /** Another replica takes its place. */
  isGoing: boolean
  unfollow: () => void
}

export interface LiveOptions {
  room: Room
  shelf: Shelf
  aside: Aside
  tab: string
  socketUrl: string
  protocols: () => string[]
  /** Where the database of a document lies in this browser. */
  database: (id: string) => string
  user: () => Record<string, string>
  /** What this person is in the workspace, as was said last: what they may do until the server says. */
  role: () => Role
  host: EventTarget
  now: () => number
}

export class LiveDocuments {
  private readonly alive: LiveDocument[] = []
  /** What this page has noted as not saved: asked at each keystroke, so it is not read from the browser's store. */
  private readonly noted = new Set<string>()

  constructor(private readonly around: LiveOptions) {
    around.room.onWrote = (link) => this.noteWritten(link)
    around.room.subscribe(() => this.look())
  }

  /** Every document that is alive, the one that is shown last. */
  get all(): readonly LiveDocument[] {
    return this.alive
  }

  /** Show a document: as it is alive already, or anew. */
  open(opened: OpenDocument): LiveDocument {
    const live = this.wake(opened)
    this.alive.push(...this.alive.splice(this.alive.indexOf(live), 1))
    this.around.room.show(live.link)
    this.rest()
    return live
  }

  /** Keep a document alive, without showing it. */
  wake(opened: OpenDocument): LiveDocument {
    // A page before this one, or one that is gone, may have noted it.
    if (this.around.shelf.read(this.key(opened.id)) !== null) this.noted.add(opened.id)
    const known = this.alive.find((live) => live.id === opened.id)
    if (known) return known
    const live = this.begin(opened, 0)
    this.alive.unshift(live)
    return live
  }

  /** Documents in which some page of this person's has left edits that were not saved. */
  unsavedIds(): string[] {
    return [...new Set(this.around.shelf.names(UNSAVED).map((name) => name.slice(name.indexOf(':') + 1)))]
  }

  /** Speak with the server anew, under another token perhaps. */
  reconnect(): void {
    for (const { provider, link } of this.alive) {
      provider.disconnect()
      provider.protocols = this.around.protocols()
      link.ended = null
      provider.connect()
    }
  }

  private begin({ id, name }: OpenDocument, replica: number): LiveDocument {
    const { room, socketUrl, protocols, database, user, role, host } = this.around
    const doc = new Y.Doc()
    // By its id: whatever it is called when this page comes again, it is never another document.
    const provider = new WebsocketProvider(socketUrl, addressOf(byId(id)), doc, { protocols: protocols(), disableBc: true, connect: false })
    provider.awareness.setLocalStateField('user', user())
    const isSaved = !this.unsavedIds().includes(id)
    // It hears of each edit last: what it makes of a disk that takes nothing is nobody else's matter.
    const link = room.add(provider, { id, name, isKept: (origin) => origin === persistence && isSaved })
    const persistence: IndexeddbPersistence = new IndexeddbPersistence(database(id), doc)
    link.here.role = role()
    const live: LiveDocument = { id, link, provider, persistence, replica, isLoaded: false, isGoing: false, unfollow: followNetwork(provider, host) }
    // However late: a disk may be slow.
    void persistence.whenSynced.then(() => {
      live.isLoaded = true
      // All that fails in it ends here: a disk may be full by now, and what is written from here on is not kept.
      persistence.db?.addEventListener('abort', () => {
        live.isLoaded = false
        room.changed()
      })
    })
    void loaded(persistence).then((isKept) => {
      live.isLoaded ||= isKept
      // What this browser keeps comes first: it is a moment away, and the server is asked only for what is missing.
      if (!live.isGoing) provider.connect()
      room.changed()
    })
    return live
  }

  /** Close what nobody needs, the one shown longest ago first. */
  private rest(): void {
    for (const live of [...this.alive].slice(0, -1)) {
      if (this.alive.length <= ALIVE_MAX) return
      if (!live.link.unsaved && isHere(live) && !live.link.away) this.end(live)
    }
  }

  private end(live: LiveDocument): void {
    this.alive.splice(this.alive.indexOf(live), 1)
    this.around.room.drop(live.link)
    live.unfollow()
    live.provider.destroy()
    live.provider.doc.destroy()
  }

  private key(id: string): string {
    return `${UNSAVED}${this.around.tab}:${id}`
  }

  private forget(id: string): void {
    this.noted.delete(id)
    this.around.shelf.drop(this.key(id))
  }

  private noteWritten({ id }: DocumentLink): void {
    if (this.noted.has(id)) return
    this.noted.add(id)
    this.around.shelf.write(this.key(id), this.around.now())
  }

  /** What is saved by now is noted; a replica with what was refused is replaced. */
  private look(): void {
    for (const live of [...this.alive]) {
      const { link } = live
      if (live.isGoing) continue
      if (link.here.voided) this.replace(live)
      else if (link.away && link.unsaved && live.isLoaded && live !== this.alive.at(-1)) this.leaveAside(live, `It was ${link.away.how}.`)
      else if (this.noted.has(live.id) && !link.unsaved && live.isLoaded && link.provider.synced) this.forget(live.id)
    }
    this.rest()
  }

  /** A document that nobody looks at is gone, with edits of this person's in it: they are shown elsewhere. */
  private leaveAside(live: LiveDocument, why: string): void {
    const { aside, now } = this.around
    const text = plainText(live.provider.doc)
    aside.put({ doc: live.link.name, at: now(), why, text, lines: linesBeyond(text, '') })
    this.forget(live.id)
    this.end(live)
    void live.persistence.clearData()
  }

  /** Put what was refused aside, where its author sees it, and begin with what everybody has. */
  private replace(live: LiveDocument): void {
    const { room, aside, now } = this.around
    const { link, id } = live
    const why = room.problems.at(-1)?.problem ?? link.here.reason
    live.isGoing = true
    live.provider.disconnect()
    const begin = () => {
      // The server takes back what it refused: what stood here before it did is what its author wrote.
      const text = link.before ?? plainText(live.provider.doc)
      this.forget(id)
      const fresh = this.begin({ id, name: link.name, kind: 'text' }, live.replica + 1)
      this.alive.splice(this.alive.indexOf(live), 0, fresh)
      if (room.links.includes(link) && this.alive.at(-1) === live) room.show(fresh.link)
      this.end(live)
      fresh.provider.on('sync', (isSynced: boolean) => {
        if (!isSynced || fresh.isGoing) return
        const lines = linesBeyond(text, plainText(fresh.provider.doc))
        if (lines.length && !aside.edits.some((edit) => edit.text === text)) aside.put({ doc: link.name, at: now(), why, text, lines })
        room.changed()
      })
    }
    // Also where this browser keeps nothing that could be cleared.
    void live.persistence.clearData().then(begin, begin)
  }
}

/** Whether all that is known of a document is here: what this browser keeps, or where it keeps nothing, the server's. */
function isHere({ isLoaded, provider }: LiveDocument): boolean {
  return isLoaded || provider.synced
}

/** How long a page waits for what its browser keeps, before it asks the server. */
const LOADING_MS = 3_000

/** Whether what a browser keeps of a document is here; false where it keeps nothing: a private window, a full disk. */
function loaded(persistence: IndexeddbPersistence): Promise<boolean> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(false), LOADING_MS)
    void persistence.whenSynced.then(() => resolve(true))
    persistence.get('').catch(() => resolve(false))
  })
}
