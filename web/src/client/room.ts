/**
 * The client library: `attach(provider)` speaks the control channel (type 100) on a stock y-websocket provider.
 *
 * Keeps the lane, stamps instructions at their first keystroke, queues while offline and sends again by dot, and folds
 * the log into what a page shows (`log_view.ts`). No DOM.
 */
import type { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { drawAgain, isAhead } from './client_id'
import { base64, CONTROL, controlFrame, isUpdate, readControl } from './control'
import { Here } from './here'
import { InFlight } from './in_flight'
import { Inbox } from './inbox'
import { Lane, type IntentMessage, type Store } from './lane'
import { LogView, type Away, type DraftView, type IntentView } from './log_view'
import { addressOf, documentOf } from './names'
import { cut } from './quotation'
import type { Refused, Unsent } from './refused'
import type { ClientMessage, DocumentMessage, ErrorMessage, InboxEntry, IntentKind, LogRecord, Nack, Scope, ServerMessage, StateMessage, Welcome } from './wire'

export { addressOf } from './names'
export type { Refused, Unsent } from './refused'
export type { Away, DraftView, EffectView, IntentCost, IntentView } from './log_view'

const STEPS_KEPT = 4
const PROBLEMS_KEPT = 20
const MALFORMED = 4400
const TOO_BIG = 1009
/** A document was archived or deleted: its sockets are closed for good. */
const PUT_AWAY: Readonly<Record<number, Away['how']>> = { 4412: 'archived', 4413: 'deleted' }
/** How often in a row a frame may be too large before this client stops to send it. */
const TOO_BIG_MAX = 3

type Listener = () => void

export class Room extends LogView {
  readonly lane: Lane
  online = false
  welcomed = false
  drafts = new Map<string, DraftView>()
  composing = new Map<string, string>()
  problems: Unsent[] = []
  /** Local edits that no record of the log covers yet. */
  unsaved = false
  /** What this person is in this document. */
  readonly here = new Here()
  /** How this document was put away; what was typed here stays in the provider's own document. */
  away: Away | null = null
  /** How often the server has shown the whole board: with the first, this page shows what all others do. */
  boards = 0
  /** Own verdicts that wait to be acknowledged. */
  readonly inbox = new Inbox((ids) => this.acknowledged(ids), (entry) => this.isExpected(entry))
  /** The document's id in the log; empty where only its name is known. */
  private id: string
  /** Where the log stood when this page was opened. */
  private opened = -1
  private sent = 0
  private listeners = new Set<Listener>()
  private refusedListeners = new Set<(refused: Refused) => void>()
  /** What this socket has sent and the server has not answered. */
  private readonly inFlight = new InFlight()
  private tooBig = 0
  private queued = false

  constructor(
    readonly provider: WebsocketProvider,
    /** What the document is called now. */
    public doc: string,
    options: { store: Store; key: string; from?: number; id?: string },
  ) {
    super()
    this.id = options.id ?? ''
    this.lane = new Lane(options.store, options.key)
    this.lane.begin(options.from ?? 0)
    provider.messageHandlers[CONTROL] = (_encoder, decoder) => {
      this.take(readControl(decoder))
    }
    provider.on('connection-close', (event: CloseEvent | null) => this.onClose(event))
    provider.on('status', ({ status }: { status: string }) => this.onStatus(status === 'connected'))
    provider.on('sync', () => this.changed())
    provider.doc.on('update', (_update: Uint8Array, origin: unknown) => {
      if (origin === provider) return
      this.unsaved = true
      this.changed()
    })
    if (provider.wsconnected) this.onStatus(true)
  }

  /** Call `listener` after every change; returns how to stop. */
  subscribe(listener: Listener): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Hear of everything the server did not take; returns how to stop. It is not sent again. */
  on(_event: 'refused', listener: (refused: Refused) => void): () => void {
    this.refusedListeners.add(listener)
    return () => this.refusedListeners.delete(listener)
  }

  private changed(): void {
    if (this.queued) return
    this.queued = true
    queueMicrotask(() => {
      this.queued = false
      for (const listener of this.listeners) listener()
    })
  }

  // ---------------------------------------------------------------- the socket

  private onStatus(connected: boolean): void {
    this.online = connected
    this.welcomed = false
    this.inFlight.clear()
    if (connected) {
      this.countUpdates()
      // Others were told that this client left: a new clock brings it back at once instead of in 15 seconds.
      const awareness = this.provider.awareness
      awareness.setLocalState(awareness.getLocalState())
      this.send({ type: 'hello', seen: this.lane.shown, ...(this.lane.lane && { lane: this.lane.lane, secret: this.lane.secret }) })
    }
    this.changed()
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

  /** A close that y-websocket takes for final must not cost more than what it is about. */
  private onClose(event: CloseEvent | null): void {
    const how = PUT_AWAY[event?.code ?? 0]
    if (how) {
      this.away ??= { how, actor: '' }
      this.changed()
      return
    }
    if (event?.code === MALFORMED) {
      const n = this.inFlight.first
      if (n === undefined) return
      this.setAside(n, { code: 'malformed', reason: event.reason || 'The server could not read it.', remedy: 'Write it anew.' })
      // Once the provider has done what it does after a close.
      queueMicrotask(() => this.provider.connect())
    } else if (event?.code === TOO_BIG) {
      this.tooBig += 1
      if (this.tooBig < TOO_BIG_MAX) return
      queueMicrotask(() => this.provider.disconnect())
      const remedy = 'Copy what you wrote, reload the page, and bring it in smaller parts.'
      this.refused({ what: 'frame', document: this.doc, text: '', code: 'too_large', reason: event.reason || 'What was to be sent is too large.', remedy })
      this.changed()
    }
  }

  private send(message: ClientMessage): void {
    const socket = this.provider.ws
    if (!socket || socket.readyState !== 1) return
    if (message.type === 'intent') this.inFlight.sent(message.n)
    socket.send(controlFrame(message))
  }

  // ---------------------------------------------------------------- acting

  /** The author begins an instruction: the clock is read now. */
  compose(scope?: Scope[]): void {
    if (this.lane.composing === null) {
      this.lane.compose()
      this.send({ type: 'composing', on: true, scope: scope ?? null })
      this.changed()
    }
  }

  /** The author puts the instruction away. */
  discard(): void {
    if (this.lane.composing === null) return
    this.lane.discard()
    this.send({ type: 'composing', on: false, scope: null })
    this.changed()
  }

  /** Intents of others that came after the author began to write, oldest first. */
  unseen(): IntentView[] {
    const stamp = this.lane.composing
    if (stamp === null) return []
    return [...this.intents.values()].filter((intent) => intent.seq > stamp && !intent.mine && intent.kind === 'do')
  }

  /** Count what came since the author began as seen. */
  acknowledge(): void {
    this.lane.acknowledge()
    this.changed()
  }

  /** Send an instruction or another act on the agent; while offline it waits here. */
  intent(text: string, more: { kind?: IntentKind; scope?: Scope[]; refs?: string[]; value?: string } = {}): void {
    const wasComposing = this.lane.composing !== null
    const kind = more.kind ?? 'do'
    const needs =
      kind === 'do' || kind === 'override' || kind === 'approve' || kind === 'undo'
        ? { [this.doc]: { sv: base64(Y.encodeStateVector(this.provider.doc)), sent: this.sent } }
        : undefined
    const message = this.lane.issue({ ...more, kind, text, ...(needs && { needs }) })
    if (this.welcomed) this.send(message)
    if (wasComposing) this.send({ type: 'composing', on: false, scope: null })
    this.changed()
  }

  answer(question: string, value: string): void {
    this.intent('', { kind: 'answer', refs: [question], value })
  }
  cancel(id: string): void {
    this.intent('', { kind: 'cancel', refs: [id] })
  }
  /** Cancel everything of one's own that is under way, or everything one may. */
  stop(scope: 'mine' | 'all'): void {
    this.intent('', { kind: 'cancel', value: scope })
  }
  /** The author acts on an instruction: it was noticed, and to override it also how it ended. */
  vouch(kind: 'steer' | 'override', id: string): void {
    const target = this.intents.get(id)
    this.lane.vouch(Math.max(target?.seq ?? 0, (kind === 'override' && target?.verdictSeq) || 0))
    this.changed()
  }
  /** Add to an instruction that the agent is working on. */
  steer(id: string, text: string, scope?: Scope[]): void {
    this.vouch('steer', id)
    this.intent(text, { refs: [id], ...(scope && { scope }) })
  }
  /** Ask for something else instead, knowing how an instruction ended. */
  override(id: string, text: string, scope?: Scope[]): void {
    this.vouch('override', id)
    this.intent(text, { kind: 'override', refs: [id], ...(scope && { scope }) })
  }
  /** Take a commit of the agent back: what others typed since stays. */
  undo(commit: string): void {
    this.intent('', { kind: 'undo', refs: [commit] })
  }
  approve(id: string): void {
    this.intent('', { kind: 'approve', refs: [id] })
  }
  dismiss(problem: Unsent): void {
    this.problems = this.problems.filter((one) => one !== problem)
    this.changed()
  }

  /** A range of a text as the scope of an instruction. */
  range(text: Y.Text, from: number, to: number): Scope {
    const at = (index: number, assoc: number) =>
      base64(Y.encodeRelativePosition(Y.createRelativePositionFromTypeIndex(text, index, assoc)))
    return { doc: this.doc, from: at(from, 0), to: at(to, -1), quote: cut(text.toString(), from, to, 500) }
  }

  // ---------------------------------------------------------------- taking in

  private take(message: ServerMessage): void {
    switch (message.type) {
      case 'welcome':
        this.onWelcome(message)
        break
      case 'ack':
        this.answered(message.n)
        this.lane.acked(message.n)
        break
      case 'nack':
        this.onNack(message)
        break
      case 'state':
        this.onState(message)
        break
      case 'question':
        this.questions.set(message.id, message)
        break
      case 'closed':
        this.closed(message.id)
        break
      case 'board':
        this.onBoard(message, this.lane.lane)
        if (!message.whole) break
        this.boards += 1
        this.drafts = new Map(message.drafts.map((draft) => [draft.plan + draft.doc, draft]))
        this.composing = new Map(message.composing.map(({ lane, actor }) => [lane, actor]))
        break
      case 'document':
        this.onDocument(message)
        break
      case 'stops':
        this.stops = message.stops
        break
      case 'rights':
        this.here.take(message, this.unsaved)
        if (message.member) this.role = message.member
        break
      case 'draft':
        if (message.text) this.drafts.set(message.plan + message.doc, message)
        else this.drafts.delete(message.plan + message.doc)
        break
      case 'composing':
        if (message.on) this.composing.set(message.lane, message.actor)
        else this.composing.delete(message.lane)
        break
      case 'record':
        this.onRecord(message)
        break
      case 'inbox':
        this.inbox.take(message)
        break
      case 'error':
        this.onError(message)
        break
    }
    this.changed()
  }

  private onWelcome(message: Welcome): void {
    this.actor = message.actor
    this.role = message.role
    this.here.welcome(message.role)
    this.head = message.seq
    if (this.opened < 0) this.opened = message.seq
    this.lane.welcome(message.lane, message.secret, message.n)
    this.welcomed = true
    this.questions.clear()
    this.drafts.clear()
    this.stops = []
    for (const intent of this.lane.pending) this.send(intent)
    this.inbox.again()
  }

  /** Something was done with a document as a whole: this page's own goes on under its new name, or is over. */
  private onDocument({ do: what, id, was, name, actor }: DocumentMessage): void {
    if (this.id ? id !== this.id : was !== this.doc) return
    // A room name that was made of the old one would lead to whatever is called so next.
    if (what === 'rename' && documentOf(this.provider.roomname) === was) this.provider.roomname = addressOf(name)
    this.doc = name
    if (what === 'archive' || what === 'delete') this.away = { how: what === 'archive' ? 'archived' : 'deleted', actor }
  }

  /** Come back to a document that somebody has restored: what was typed here meanwhile goes along. */
  comeBack(): void {
    this.away = null
    this.provider.connect()
    this.changed()
  }

  private onState(message: StateMessage): void {
    const intent = this.intents.get(message.id)
    if (!intent || intent.verdict) return
    intent.state = message.state
    intent.reason = message.reason
    intent.waitsFor = message.waits_for
    // A new try begins without a word.
    if (message.state !== 'planning' || !message.reason) this.steps.delete(message.id)
    else this.steps.set(message.id, [...(this.steps.get(message.id) ?? []), message.reason].slice(-STEPS_KEPT))
  }

  /** Done just as planned, with no note about it; or ended by this person's own hand. */
  private isExpected({ id, verdict }: InboxEntry): boolean {
    const isPlain = verdict.state === 'done' && verdict.code === 'done' && verdict.reason === this.intents.get(id)?.summary
    return isPlain || (!!verdict.by && this.intents.get(verdict.by)?.actor === this.actor)
  }

  private acknowledged(ids: string[]): void {
    if (this.welcomed) this.send({ type: 'acknowledge', intents: ids })
    this.changed()
  }

  private answered(n: number): void {
    this.tooBig = 0
    this.inFlight.answered(n)
  }

  private refused(refused: Refused): void {
    const { n = 0, text, reason, remedy, what } = refused
    const same = (one: Unsent) => one.n === n && one.problem === reason
    // A presence is said again every few seconds, and is nobody's work.
    if (what !== 'presence') this.problems = [...this.problems.filter((one) => !same(one)), { n, text, problem: reason, remedy }].slice(-PROBLEMS_KEPT)
    for (const listener of this.refusedListeners) listener(refused)
  }

  /** Take an intent out of what waits to be sent: whoever wrote it is told, and the ones behind it go on. */
  private setAside(n: number, why: { code: string; reason: string; remedy: string }): IntentMessage[] {
    const intent = this.lane.pending.find((one) => one.n === n)
    if (!intent) return []
    const again = this.lane.nacked(n)
    this.refused({ what: 'intent', n, text: intent.text || intent.kind, ...why })
    return again
  }

  private onError({ code, reason, remedy = '', what = 'message', document }: ErrorMessage): void {
    if (what === 'message') {
      this.inbox.refused()
      // A lane that was kept and cannot be read: without a welcome nothing would ever be sent.
      if (!this.welcomed && this.lane.lane) {
        this.lane.renew()
        this.send({ type: 'hello', seen: this.lane.shown })
      }
    }
    if (what === 'edit' && code === 'document_read_only') this.here.voided = true
    this.refused({ what, ...(document && { document }), text: '', code, reason, remedy })
  }

  private onNack({ n, code, reason, remedy = '' }: Nack): void {
    if (code === 'gap' && this.inFlight.isStale(n)) return
    this.tooBig = 0
    if (code === 'equivocation') {
      this.inFlight.answered(n)
      this.lane.renew()
      this.provider.disconnect()
      this.provider.connect()
      return
    }
    this.inFlight.refused(n)
    for (const intent of this.setAside(n, { code, reason, remedy })) this.send(intent)
  }

  private onRecord(record: LogRecord): void {
    if (!this.lane.show(record.seq, record.seq <= this.opened)) return
    this.enter(record, this.lane.lane)
    if (record.kind === 'update' && record.body.lane === this.lane.lane) this.unsaved = isAhead(this.provider.doc, record.body.ins ?? [])
  }
}

/**
 * Speak the control channel on a provider's socket. `key` names the lane's place in the store, one per tab; `doc` the
 * document, by default what the provider's room name opens; `id` its id, where that is known.
 */
export function attach(provider: WebsocketProvider, options?: { store?: Store; key?: string; from?: number; doc?: string; id?: string }): Room {
  drawAgain(provider)
  const memory = new Map<string, string>()
  const fallback: Store = {
    getItem: (key) => memory.get(key) ?? null,
    setItem: (key, value) => void memory.set(key, value),
    removeItem: (key) => void memory.delete(key),
  }
  return new Room(provider, options?.doc ?? documentOf(provider.roomname), {
    store: options?.store ?? fallback,
    key: options?.key ?? `folkmoot:${provider.url}`,
    from: options?.from,
    id: options?.id,
  })
}
