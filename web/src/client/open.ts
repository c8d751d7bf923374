/** The library's way in where it makes the connections itself: a workspace by its link. No DOM. */
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { AskingRoom, patienceOf } from './asking_room'
import { failureOf, FolkmootError } from './failure'
import { expectOption, guardedListener, guardedSocket, guardedStore, signalOf } from './handed_in'
import type { Store } from './lane'
import { listingOf, type Listing } from './listing'
import { addressOf, byId, problemOf } from './names'
import { ask, onNetwork } from './network'
import { placeOf, protocolsOf, type Place } from './place'
import type { Refused } from './refused'
import { RoomDocument } from './room_document'
import { upload, type UploadOptions } from './upload'
import { WatchedSocket } from './watched_socket'

/** How many records of the log are told at opening, and how many documents may be open. */
const HISTORY = 2_000
const DOCUMENTS_MAX = 200
/** A normal close, here the own one. */
const CLOSED = { code: 1000, reason: 'The room was closed here.' }

/** What opens a socket: the browser's `WebSocket`, that of Node 22, or the class of the package `ws`. */
export interface SocketClass {
  new (url: string, protocols?: string[]): { readonly readyState: number; send(data: string): void; close(): void }
}

export interface OpenOptions {
  /** The link that people get, `https://HOST/w/WORKSPACE#token=TOKEN`, or the socket's address, `wss://HOST/ws/WORKSPACE`. */
  url: string
  /** Counts before the token of the link. */
  token?: string
  /** Where there is no global one. */
  WebSocket?: SocketClass
  /** Where what is not answered is kept, under `key`: with a lasting one it is sent after a restart. In memory where it is left out. */
  store?: Store
  key?: string
  /** How others see this one in documents, as editors show it: a name, a colour. */
  user?: Record<string, string>
  signal?: AbortSignal
  /** How long opening may take, in milliseconds; 30 seconds where it is left out. */
  patienceMs?: number
}

type Around = OpenOptions & { store: Store; place: Place; Socket: typeof WebSocket; listing: Listing | null }

/** A workspace that is open, with the documents of it that are. Made by `open`. */
export class OpenRoom extends AskingRoom {
  private readonly socket: WatchedSocket
  private readonly openDocuments = new Map<string, RoomDocument>()
  private readonly unfollow: () => void
  /** Told of the first close while the room is being opened. */
  private onFirstClose: ((failure: FolkmootError) => void) | null = null

  constructor(private readonly around: Around) {
    const { place, listing, store, key, Socket } = around
    super({ store, key: key ?? `folkmoot:${place.socketUrl}`, from: Math.max(0, (listing?.seq ?? 0) - HISTORY) })
    for (const [name, id] of Object.entries(listing?.ids ?? {})) {
      this.documents.add(name)
      if (id !== name) this.names.set(id, name)
    }
    this.socket = new WatchedSocket(place.socketUrl, () => protocolsOf(place.token), this, Socket)
    this.speakOn(this.socket)
    this.unfollow = onNetwork(() => this.socket.again())
  }

  /** Connect, and wait until all is told that a page would show. */
  begin(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      let refused: Refused | null = null
      const stops = [
        this.on('refused', (one) => (refused = one)),
        this.subscribe(() => {
          if (this.boards) finish(null)
        }),
      ]
      const finish = (failure: unknown) => {
        for (const stop of stops) stop()
        signal.removeEventListener('abort', abort)
        this.onFirstClose = null
        if (failure === null) resolve()
        else reject(failure)
      }
      const abort = () => finish(signal.reason)
      // The server's own word, where it gave one before it closed.
      this.onFirstClose = (failure) => finish(refused ? new FolkmootError(refused.code, refused.reason, refused.remedy || failure.remedy) : failure)
      signal.addEventListener('abort', abort)
      if (signal.aborted) abort()
      else this.socket.connect()
    })
  }

  /** Something was not answered in time: what carries it may be dead without a word. */
  protected override doubt(): void {
    this.socket.again()
  }

  override carrierClosed(event: Pick<CloseEvent, 'code' | 'reason'> | null): void {
    super.carrierClosed(event)
    this.onFirstClose?.(failureOf(event))
  }

  /**
   * Open a document by its name, once however often it is asked for; it is here once this returns.
   *
   * Rejects with a `FolkmootError`: `not_found`, `document_archived`, `document_deleted`, `document_renamed`, `bad_name`, `bad_option`, `late`, the
   * room's end.
   */
  async document(name: string, options: { doc?: Y.Doc; patienceMs?: number } = {}): Promise<RoomDocument> {
    const patienceMs = patienceOf(options.patienceMs)
    expectOption(typeof name === 'string' && name !== '', 'A document is opened by its name.', 'Pass one of `documents`.')
    expectOption(options.doc === undefined || typeof options.doc.getText === 'function', '`doc` is a `Y.Doc`.', 'Pass one, or leave it out.')
    const problem = problemOf(name)
    if (problem) throw new FolkmootError('bad_name', problem, 'Pass a document’s name as it is listed.')
    if (this.failure) throw this.failure
    const id = this.idOf(name)
    const known = this.openDocuments.get(id)
    if (!known && this.openDocuments.size >= DOCUMENTS_MAX) throw new FolkmootError('too_many', `${DOCUMENTS_MAX} documents are open.`, 'Close some of them.')
    const wanted = known ?? this.connect(name, id, options.doc ?? new Y.Doc())
    try {
      await wanted.synced(patienceMs)
    } catch (error) {
      if (!known) wanted.close()
      throw error
    }
    return wanted
  }

  /**
   * Bring a file in, and return what documents name it by, `blob:sha256-…`: it is on the server's disk then, and not before.
   * Rejects as `upload` does; with `bad_option`; with the room's end where that is over.
   */
  async upload(file: Blob, options: UploadOptions = {}): Promise<string> {
    if (this.failure) throw this.failure
    const { name, onProgress } = options
    expectOption(typeof file?.size === 'number', 'A file is a `Blob` or a `File`.', 'Pass one.')
    expectOption(name === undefined || typeof name === 'string', '`name` is a text.', 'Pass how the file is called, or leave it out.')
    const signal = signalOf(options.signal)
    return (await upload(this.around.place, file, { ...options, signal, onProgress: onProgress && guardedListener(onProgress) })).reference
  }

  /** End all connections of this room; what is not answered is refused as `closed`. */
  close(): void {
    this.end(CLOSED)
    this.unfollow()
    this.socket.disconnect()
    for (const one of [...this.openDocuments.values()]) one.close()
    this.changed()
  }

  private connect(name: string, id: string, doc: Y.Doc): RoomDocument {
    const { place, Socket, user } = this.around
    // By its id: whatever it is called by the time of a reconnect, it is never another document.
    const provider = new WebsocketProvider(place.socketUrl, addressOf(byId(id)), doc, { protocols: protocolsOf(place.token), WebSocketPolyfill: Socket, disableBc: true })
    if (user) provider.awareness.setLocalStateField('user', user)
    const unfollow = onNetwork(() => ask(provider, Date.now()))
    letExit(provider)
    const link = this.add(provider, { id, name })
    const document = new RoomDocument(this, link, () => {
      if (!this.openDocuments.delete(id)) return
      unfollow()
      this.drop(link)
      provider.destroy()
      provider.awareness.destroy()
    })
    this.openDocuments.set(id, document)
    return document
  }

  /** The id of the document that is called so now. */
  private idOf(name: string): string {
    const renamed = [...this.names].findLast(([, now]) => now === name)?.[0]
    if (renamed !== undefined) return renamed
    const now = this.names.get(name)
    if (now !== undefined) throw new FolkmootError('document_renamed', `“${name}” is called “${now}” now.`, 'Open it by its new name.')
    return name
  }
}

/** A provider listens in node for the end of the process, to say that nobody is here; the close says it too, and more than ten would be warned of. */
function letExit(provider: WebsocketProvider): void {
  const { process } = globalThis as { process?: { off?: (event: string, listener: () => void) => void } }
  process?.off?.('exit', provider._exitHandler)
}

/**
 * Open a workspace by its link; all that is under way in it is known once this returns, and what happens is told from then on,
 * whatever becomes of the connection.
 *
 * Rejects with a `FolkmootError`, and tries nothing again: `bad_address`, `bad_option`, `invitation`, `wrong_address`, `unreachable`,
 * `unauthenticated`, `not_found`, `foreign_origin`, `no_websocket`, `late`, or as the server says; with the signal's
 * reason where that gives it up.
 */
export async function open(options: OpenOptions): Promise<OpenRoom> {
  const place = placeOf(options?.url, options?.token)
  const signal = signalOf(options.signal)
  const store = guardedStore(options.store)
  const patienceMs = patienceOf(options.patienceMs)
  const given = options.WebSocket ?? globalThis.WebSocket
  if (!given) throw new FolkmootError('no_websocket', 'This runtime has no WebSocket.', 'Pass `WebSocket`, the class of the package `ws`, or run Node 22.')
  const Socket = guardedSocket(given)
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(new FolkmootError('late', 'The server has not answered in time.', 'See whether it runs, then try again.')), patienceMs)
  const abort = () => limit.abort(signal?.reason)
  if (signal?.aborted) abort()
  signal?.addEventListener('abort', abort)
  let room: OpenRoom | null = null
  try {
    limit.signal.throwIfAborted()
    const listing = await listingOf(place, limit.signal)
    room = new OpenRoom({ ...options, store, place, Socket: Socket as typeof WebSocket, listing })
    await room.begin(limit.signal)
    return room
  } catch (error) {
    room?.close()
    throw error
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
}
