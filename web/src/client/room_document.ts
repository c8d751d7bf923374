/** One document of an open room: its Yjs document, and whether all of it is here and on the server's disk. No DOM. */
import type { Awareness } from 'y-protocols/awareness'
import type { WebsocketProvider } from 'y-websocket'
import type * as Y from 'yjs'
import type { DocumentLink } from './document_link'
import { failureOf, FolkmootError } from './failure'
import type { Room } from './room'
import type { Scope } from './wire'

const SYNC_LATE = 'See whether the server answers, then open the document again.'
const SAVE_LATE = 'Go on: it is sent again when the server is back.'

export class RoomDocument {
  /** `end` is called once, when it is closed. */
  constructor(private readonly room: Room, readonly link: DocumentLink, private readonly end: () => void) {}

  get doc(): Y.Doc {
    return this.link.provider.doc
  }
  /** The words of a text document. */
  get text(): Y.Text {
    return this.doc.getText('content')
  }
  /** The values of a data document. */
  get data(): Y.Map<unknown> {
    return this.doc.getMap('data')
  }
  get provider(): WebsocketProvider {
    return this.link.provider
  }
  get awareness(): Awareness {
    return this.provider.awareness
  }
  /** What it is called now. */
  get name(): string {
    return this.link.name
  }

  /** All that the server had is here. Rejects with a `FolkmootError`: where it is gone, may not be read, or is `late`. */
  synced(patienceMs: number): Promise<void> {
    return this.until(() => this.provider.synced, patienceMs, () => new FolkmootError('late', `The server has not sent “${this.name}” in time.`, SYNC_LATE))
  }

  /** All that was written here is on the server's disk. Rejects with a `FolkmootError`: where it was refused, or is `late`. */
  saved(patienceMs = 30_000): Promise<void> {
    return this.until(() => !this.link.unsaved, patienceMs, () => new FolkmootError('late', `The server has not saved “${this.name}” in time.`, SAVE_LATE))
  }

  /** All that has been told of by now stands in the documents that are open. Rejects as `saved` does. */
  caughtUp(patienceMs = 30_000): Promise<void> {
    const { head } = this.room
    return this.until(() => this.room.lane.shown >= head, patienceMs, () => new FolkmootError('late', `The server has not sent “${this.name}” in time.`, SYNC_LATE))
  }

  /** Make this the document that acts without one are about. */
  show(): void {
    this.room.show(this.link)
  }

  /** A range of its text as the scope of an instruction, in UTF-16 units as Yjs counts them. */
  range(from: number, to: number): Scope {
    const { length } = this.text
    if (!(from >= 0 && from <= to && to <= length)) throw new FolkmootError('bad_option', `A range of “${this.name}” lies in 0 to ${length}.`, 'Pass `from` and `to` in order, within the text.')
    return { ...this.room.range(this.text, from, to), doc: this.name }
  }

  /** End its connection; the Yjs document stays as it is. */
  close(): void {
    this.end()
  }

  /** Why nothing comes any more, and why it is not what everybody has; null while it is. */
  private get failure(): FolkmootError | null {
    const { away, ended, here } = this.link
    if (this.room.ended) return failureOf(this.room.ended)
    if (away) return new FolkmootError(`document_${away.how}`, `“${this.name}” was ${away.how}${away.actor && ` by ${away.actor}`}.`, 'Have it restored, or open another.')
    if (here.voided) return new FolkmootError('document_read_only', here.reason || 'What was written here was refused.', 'Open the document anew.')
    if (ended) return failureOf(ended)
    return this.room.links.includes(this.link) ? null : new FolkmootError('closed', `“${this.name}” was closed here.`, 'Open it again.')
  }

  private until(isSo: () => boolean, patienceMs: number, late: () => FolkmootError): Promise<void> {
    return new Promise((resolve, reject) => {
      const rest = () => {
        clearTimeout(timer)
        stop()
      }
      const look = () => {
        const { failure } = this
        if (!failure && !isSo()) return
        rest()
        if (failure) reject(failure)
        else resolve()
      }
      const timer = setTimeout(() => {
        rest()
        reject(late())
      }, patienceMs)
      const stop = this.room.subscribe(look)
      look()
    })
  }
}
