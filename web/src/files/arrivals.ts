/**
 * Files on their way into a shared text, each at a place of its own while others write. Nothing of one is in the text
 * before it is on the server's disk; what did not come is said, and stays to be tried again. No DOM.
 */
import * as Y from 'yjs'
import { FolkmootError } from '../client/folkmoot_error'
import type { Uploaded } from '../client/upload'
import { markdownOf, partedFrom } from './references'

/** How many of a text may wait at once, and how many go at once: the server takes four of a person's. */
export const ARRIVALS_MAX = 50
const AT_ONCE = 2
/** After so long what waits for the server is tried again: each time twice as long, until one has come. */
const PAUSE_MS = 3_000
const PAUSE_MS_MAX = 60_000
/** What passes by itself. */
const PASSING: ReadonlySet<string> = new Set(['unreachable', 'too_many_uploads', 'timeout', 'unavailable', 'rate_limited'])
const LOOKED_AT = 3_000

/** `waiting` for its turn or for the server; `refused` until somebody tries it again. */
export type ArrivalState = 'waiting' | 'sending' | 'refused'

export interface Arrival {
  readonly key: string
  readonly name: string
  /** What is said of it to who cannot see it. */
  readonly words: string
  /** Null where there is nothing to try again. */
  readonly file: Blob | null
  /** Where it goes, a relative position; it stays behind what is before it. */
  place: Uint8Array
  state: ArrivalState
  sent: number
  /** What went wrong, and what to do; empty while nothing has. */
  said: string
  remedy: string
  /** Whether this browser has it still when the page is gone. */
  isKept: boolean
}

/** What is kept of one in the browser. */
export interface KeptArrival { key: string; name: string; words: string; file: Blob; place: Uint8Array }

export interface ArrivalsAround {
  send(file: Blob, options: { name: string; signal: AbortSignal; onProgress: (sent: number) => void }): Promise<Uploaded>
  /** Keep one in this browser; whether it is. */
  keep(arrival: KeptArrival): Promise<boolean>
  letGo(key: string): void
  mayWrite(): boolean
  draw(): string
}

export class Arrivals {
  private readonly list: Arrival[] = []
  private readonly under = new Map<string, AbortController>()
  private readonly listeners = new Set<() => void>()
  private readonly wroteListeners = new Set<(from: number, to: number) => void>()
  private timer: ReturnType<typeof setTimeout> | undefined
  private pauseMs = PAUSE_MS
  private isOver = false

  constructor(readonly text: Y.Text, private readonly around: ArrivalsAround) {}

  get all(): readonly Arrival[] {
    return this.list
  }

  /** Call `listener` after every change; returns how to stop. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Call `listener` with where each file is named as soon as it is, in UTF-16 units; returns how to stop. */
  onWrote(listener: (from: number, to: number) => void): () => void {
    this.wroteListeners.add(listener)
    return () => this.wroteListeners.delete(listener)
  }

  /** Where one goes now, in UTF-16 units of the text. */
  indexOf({ place }: Pick<Arrival, 'place'>): number {
    const found = this.text.doc && Y.createAbsolutePositionFromRelativePosition(Y.decodeRelativePosition(place), this.text.doc)
    return found?.type === this.text ? found.index : this.text.length
  }

  /** Bring a file in, to a place of the text. */
  add(file: Blob, { name, words = name, index }: { name: string; words?: string; index: number }): void {
    if (this.list.length >= ARRIVALS_MAX) {
      this.refuse(name, index, `Not brought in: ${ARRIVALS_MAX} files are on their way.`, 'Bring it in when some of them are there.')
      return
    }
    const arrival = this.begin(name, words, file, index)
    const { key, place } = arrival
    void this.around.keep({ key, name, words, file, place }).then((isKept) => {
      // It may have come, or have been taken back, meanwhile.
      if (isKept && !this.list.includes(arrival)) this.around.letGo(key)
      arrival.isKept = isKept
      this.changed()
    })
    this.go()
  }

  /** Say of a file at its place why it does not come. */
  refuse(name: string, index: number, said: string, remedy: string): void {
    while (this.list.length >= 2 * ARRIVALS_MAX) this.list.splice(this.list.findIndex(({ file }) => !file), 1)
    const arrival = this.begin(name, name, null, index)
    Object.assign(arrival, { state: 'refused', said, remedy })
    this.changed()
  }

  /** Go on with one that a page before this has kept. */
  resume(kept: KeptArrival): void {
    if (this.list.some(({ key }) => key === kept.key)) return
    this.list.push({ ...kept, state: 'waiting', sent: 0, said: '', remedy: '', isKept: true })
    this.go()
  }

  /** Try one again that was refused. */
  again(arrival: Arrival): void {
    if (!arrival.file || arrival.state !== 'refused') return
    Object.assign(arrival, { state: 'waiting', said: '', remedy: '' })
    this.go()
  }

  /** Take one back; nothing of it is left. */
  cancel(arrival: Arrival): void {
    const at = this.list.indexOf(arrival)
    if (at < 0) return
    this.list.splice(at, 1)
    this.under.get(arrival.key)?.abort()
    this.around.letGo(arrival.key)
    this.go()
  }

  /** The server may be back: whatever waits is tried. */
  go(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    for (const arrival of this.list) if (!this.isOver && arrival.state === 'waiting' && this.under.size < AT_ONCE) void this.send(arrival)
    this.changed()
  }

  /** This text is no more what everybody has: nothing comes into it. What is kept stays kept. */
  end(): void {
    this.isOver = true
    clearTimeout(this.timer)
    for (const upload of this.under.values()) upload.abort()
  }

  private begin(name: string, words: string, file: Blob | null, index: number): Arrival {
    const arrival: Arrival = { key: this.around.draw(), name, words, file, place: this.placeAt(index), state: 'waiting', sent: 0, said: '', remedy: '', isKept: false }
    this.list.push(arrival)
    return arrival
  }

  private placeAt(index: number): Uint8Array {
    return Y.encodeRelativePosition(Y.createRelativePositionFromTypeIndex(this.text, Math.min(index, this.text.length), -1))
  }

  private async send(arrival: Arrival): Promise<void> {
    const { key, name, file } = arrival
    const upload = new AbortController()
    this.under.set(key, upload)
    Object.assign(arrival, { state: 'sending', sent: 0 })
    const onProgress = (sent: number) => {
      arrival.sent = sent
      this.changed()
    }
    try {
      const uploaded = await this.around.send(file!, { name, signal: upload.signal, onProgress })
      this.pauseMs = PAUSE_MS
      if (!upload.signal.aborted) this.write(arrival, uploaded)
    } catch (error) {
      if (!upload.signal.aborted) this.fail(arrival, error)
    } finally {
      this.under.delete(key)
      // One that waits for the server is tried when that is back, or after a pause: not at once.
      if (this.list.some(({ state, said }) => state === 'waiting' && !said)) this.go()
      else this.changed()
    }
  }

  /** It is on the server's disk: now the text names it, and never before. */
  private write(arrival: Arrival, { reference, media }: Uploaded): void {
    if (!this.around.mayWrite()) {
      Object.assign(arrival, { state: 'refused', said: 'You may only read this document now.', remedy: 'Ask the owner for the right to edit, then try again.' })
      return
    }
    const index = this.indexOf(arrival)
    const words = this.text.toString()
    const named = partedFrom(words.slice(Math.max(0, index - LOOKED_AT), index), markdownOf(arrival.words, reference, media), words.slice(index, index + LOOKED_AT))
    // Those that were brought in behind it to the same place stay behind it.
    const behind = this.list.slice(this.list.indexOf(arrival) + 1).filter((one) => this.indexOf(one) === index)
    this.text.insert(index, named)
    for (const one of behind) one.place = this.placeAt(index + named.length)
    this.list.splice(this.list.indexOf(arrival), 1)
    this.around.letGo(arrival.key)
    for (const listener of this.wroteListeners) listener(index, index + named.length)
  }

  private fail(arrival: Arrival, error: unknown): void {
    const known = error instanceof FolkmootError ? error : new FolkmootError('failed', 'This file could not be read or sent.', 'See that it is still there, then try again.')
    const isPassing = PASSING.has(known.code)
    Object.assign(arrival, { state: isPassing ? 'waiting' : 'refused', said: known.message, remedy: known.remedy })
    if (!isPassing || this.isOver || this.timer !== undefined) return
    this.timer = setTimeout(() => this.go(), this.pauseMs)
    this.pauseMs = Math.min(PAUSE_MS_MAX, 2 * this.pauseMs)
  }

  private changed(): void {
    for (const listener of this.listeners) listener()
  }
}
