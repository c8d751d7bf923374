/**
 * One document of a workspace on this page: its replica, its socket, what this person is in it, and what of it is not
 * durable yet. A further socket of the room's lane, or the one that carries the room. No DOM.
 */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { writeSyncStep2 } from 'y-protocols/sync'
import type { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { drawAgain } from './client_id'
import { endingOf, isFinal, MALFORMED, TOO_BIG, type Ending } from './close_codes'
import { base64, CONTROL, controlFrame, isUpdate, readControl } from './control'
import { Here } from './here'
import type { Away } from './log_view'
import { addressOf, documentOf } from './names'
import { PendingEdits } from './pending_edits'
import { plainText } from './plain_text'
import type { Refused } from './refused'
import type { ClientMessage, DocumentMessage, Hello, LogRecord, Need, RightsMessage, Role, ServerMessage } from './wire'

/** A document was archived or deleted: its sockets are closed for good. */
const PUT_AWAY: Readonly<Record<number, Away['how']>> = { 4412: 'archived', 4413: 'deleted' }
/** How often in a row a frame may be too large before this client stops to send it. */
const TOO_BIG_MAX = 3
const SYNC = 0
const ASKED = 0

/** The room that a document belongs to. */
export interface LinkHost {
  /** What begins the conversation on a further socket; null while there is no lane. */
  greeting(): Hello | null
  changed(): void
  refused(refused: Refused): void
  linkConnected(link: DocumentLink): void
  linkClosed(link: DocumentLink, event: Pick<CloseEvent, 'code' | 'reason'> | null): void
  linkTold(link: DocumentLink, message: ServerMessage): void
  /** The server has said something of the document itself. */
  linkHeard(): void
  /** What was written here is not durable; told before anything else happens. */
  linkWrote(link: DocumentLink): void
}

export interface LinkOptions {
  name: string
  /** Its id in the log; left out where only its name is known. */
  id?: string
  /** Whether it came from elsewhere than the server or this page, and is on the server as far as is known. */
  isKept?: (origin: unknown) => boolean
}

export class DocumentLink {
  /** What this person is in this document. */
  readonly here = new Here()
  readonly pending = new PendingEdits()
  id: string
  /** What the document is called now. */
  name: string
  /** How it was put away; what was typed here stays in the replica. */
  away: Away | null = null
  online = false
  /** Whether its socket has ended and no other has begun. */
  lost = false
  /** Whether the server has taken this socket onto the room's lane. */
  welcomed = false
  /** Why its connection was closed for good; null where it may come back. */
  ended: Ending | null = null
  /** The lane that this socket has asked for; empty before it has said hello. */
  private lane = ''
  private sent = 0
  private tooBig = 0
  /** What stood here before the server last took back what it had not kept; null where it never did. */
  before: string | null = null
  /** What the server has of each client, as it said last. */
  private vector: ReadonlyMap<number, number> = new Map()

  constructor(readonly provider: WebsocketProvider, options: LinkOptions, private readonly host: LinkHost) {
    this.id = options.id ?? ''
    this.name = options.name
    drawAgain(provider)
    provider.messageHandlers[CONTROL] = (_encoder, decoder) => this.take(readControl(decoder))
    this.lookAtSync()
    provider.on('connection-close', (event: CloseEvent | null) => this.onClose(event))
    provider.on('status', ({ status }: { status: string }) => this.onStatus(status === 'connected'))
    provider.on('sync', () => host.linkHeard())
    provider.doc.on('afterTransaction', (transaction: Y.Transaction) => {
      if (transaction.origin === provider || options.isKept?.(transaction.origin)) return
      this.pending.wrote(transaction)
      if (this.pending.isEmpty) return
      host.linkWrote(this)
      host.changed()
    })
    if (provider.wsconnected) this.onStatus(true)
  }

  /** Edits of this replica that are not known to be on the server's disk. */
  get unsaved(): boolean {
    return !this.pending.isEmpty
  }

  /** Whether what an instruction depends on here can be told to the server, or never will. */
  get isReady(): boolean {
    return (this.welcomed && this.provider.synced) || this.away !== null || this.ended !== null
  }

  /** What an instruction of now depends on in this document. */
  need(): Need {
    return { sv: base64(Y.encodeStateVector(this.provider.doc)), sent: this.sent }
  }

  /** Whether this is the document that the log or a list calls so. */
  is(idOrName: string): boolean {
    return this.id ? this.id === idOrName : this.name === idOrName
  }

  // ---------------------------------------------------------------- the socket

  send(message: ClientMessage): void {
    const socket = this.provider.ws
    if (socket?.readyState === 1) socket.send(controlFrame(message))
  }

  /** The room has a lane: this socket joins it; one that is on another begins anew. */
  join(): void {
    const hello = this.host.greeting()
    if (!hello || !this.online || this.lane === hello.lane) return
    if (this.lane) {
      this.provider.disconnect()
      this.provider.connect()
      return
    }
    this.lane = hello.lane ?? ''
    this.send(hello)
    // What was sent before counts for no lane: all that the server did not have comes again, deletions with it.
    this.sent = 0
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, SYNC)
    writeSyncStep2(encoder, this.provider.doc, Y.encodeStateVector(new Map(this.vector)))
    this.provider.ws?.send(encoding.toUint8Array(encoder) as Uint8Array<ArrayBuffer>)
  }

  private onStatus(connected: boolean): void {
    this.online = connected
    this.lost = !connected && this.lost
    this.welcomed = false
    this.lane = ''
    if (connected) {
      this.ended = null
      this.countUpdates()
      // Others were told that this client left: a new clock brings it back at once instead of in 15 seconds.
      const { awareness } = this.provider
      awareness.setLocalState(awareness.getLocalState())
      const hello = this.host.greeting()
      if (hello) {
        this.lane = hello.lane ?? ''
        this.send(hello)
      }
      this.host.linkConnected(this)
    }
    this.host.changed()
  }

  /** Count the updates that go out on this socket: an intent names how many it depends on. */
  private countUpdates(): void {
    const socket = this.provider.ws
    if (!socket) return
    this.sent = 0
    const send = socket.send.bind(socket)
    socket.send = (frame: Parameters<WebSocket['send']>[0]) => {
      if (isUpdate(frame)) this.sent += 1
      send(frame)
    }
  }

  /** Look at what the server says it has, and what it sends, before the provider takes it. */
  private lookAtSync(): void {
    const { messageHandlers } = this.provider
    const take = messageHandlers[SYNC]
    if (!take) return
    messageHandlers[SYNC] = (encoder, decoder, ...more) => {
      const ahead = decoding.clone(decoder)
      const kind = decoding.readVarUint(ahead)
      const payload = decoding.readVarUint8Array(ahead)
      if (kind !== ASKED && this.pending.isTakenBack(payload)) this.before ??= plainText(this.provider.doc)
      take(encoder, decoder, ...more)
      if (!this.unsaved) this.before = null
      if (kind === ASKED) this.pending.reached((this.vector = Y.decodeStateVector(payload)))
      else this.pending.sent(payload)
      this.tooBig = 0
      this.host.linkHeard()
    }
  }

  /** A close that y-websocket takes for final must not cost more than what it is about. */
  private onClose(event: Pick<CloseEvent, 'code' | 'reason'> | null): void {
    const how = PUT_AWAY[event?.code ?? 0]
    this.lost = true
    if (how) this.away ??= { how, actor: '' }
    else if (event && isFinal(event.code) && event.code !== MALFORMED) this.ended = endingOf(event)
    else if (event?.code === TOO_BIG) this.onTooBig(event.reason)
    this.host.linkClosed(this, how ? null : event)
    this.host.changed()
  }

  private onTooBig(reason: string): void {
    this.tooBig += 1
    if (this.tooBig < TOO_BIG_MAX) return
    queueMicrotask(() => this.provider.disconnect())
    this.ended = { code: TOO_BIG, reason: reason || 'What was to be sent is too large.' }
    const remedy = 'Copy what you wrote, reload the page, and bring it in smaller parts.'
    this.host.refused({ what: 'frame', document: this.name, text: '', code: 'too_large', reason: this.ended.reason, remedy })
  }

  // ---------------------------------------------------------------- taking in

  private take(message: ServerMessage): void {
    if (message.type === 'welcome') {
      this.welcomed = true
      this.here.welcome(message.role)
    }
    this.tooBig = 0
    this.host.linkTold(this, message)
  }

  /** What this person is here, by a rule or by the role in the workspace. */
  onRights(message: RightsMessage): void {
    this.here.take(message, this.unsaved)
  }

  /** Another role in the workspace holds here, too, until the server says that a rule does. */
  onMember(role: Role): void {
    if (!this.here.reason) this.here.role = role
  }

  /** Something was done with this document as a whole: it goes on under its new name, or is over. */
  onDocument({ do: what, was, name, actor }: DocumentMessage): void {
    // A room name that was made of the old one would lead to whatever is called so next.
    if (what === 'rename' && documentOf(this.provider.roomname) === was) this.provider.roomname = addressOf(name)
    this.name = name
    if (what === 'archive' || what === 'delete') this.away = { how: what === 'archive' ? 'archived' : 'deleted', actor }
  }

  /** Come back to a document that somebody has restored: what was typed here meanwhile goes along. */
  comeBack(): void {
    this.away = null
    this.ended = null
    this.provider.connect()
    this.host.changed()
  }

  /** A record says what is durable. */
  onRecord(record: LogRecord): void {
    if (this.pending.isEmpty) return
    if (record.kind === 'update' && this.is(record.body.doc)) this.pending.recorded(record.body.ins, record.body.del)
  }

  /** Whether everything that a record brought to this document stands here. */
  holds(record: LogRecord): boolean {
    if (this.away || this.ended) return true
    const spans = record.kind === 'update' && this.is(record.body.doc) ? record.body.ins ?? [] : this.written(record)
    return spans.every(([client, , end]) => Y.getState(this.provider.doc.store, client) >= end)
  }

  private written(record: LogRecord): [number, number, number][] {
    if (record.kind !== 'commit') return []
    return Object.entries(record.body.docs).flatMap(([doc, { ins }]) => (this.is(doc) ? ins : []))
  }
}
