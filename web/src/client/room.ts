/**
 * The client library: a workspace that this page speaks with, and the documents of it that are open here.
 *
 * `attach(provider)` speaks the control channel (type 100) on the socket of one stock y-websocket provider; a page with
 * several documents gives the room a socket of its own (`control_socket.ts`) and adds each of them. The room keeps the
 * lane, stamps instructions at their first keystroke, queues while offline and sends again by dot, and folds the log into
 * what a page shows (`log_view.ts`). No DOM.
 */
import type { WebsocketProvider } from 'y-websocket'
import { Acts } from './acts'
import type { Carrier, CarrierEvents } from './carrier'
import { endingOf, isFinal, MALFORMED, type Ending } from './close_codes'
import { controlFrame } from './control'
import { DocumentLink, type LinkHost, type LinkOptions } from './document_link'
import { Here } from './here'
import { Inbox } from './inbox'
import { Lane, type IntentMessage, type Store } from './lane'
import type { Away, DraftView } from './log_view'
import { Outbox } from './outbox'
import type { Refused, Unsent } from './refused'
import type { Ack, ClientMessage, DocumentMessage, ErrorMessage, Hello, InboxEntry, LogRecord, Nack, Need, RightsMessage, Scope, ServerMessage, StateMessage, Welcome } from './wire'

const STEPS_KEPT = 4
const PROBLEMS_KEPT = 20
const NOWHERE = new Here()

type Listener = () => void

export interface RoomOptions { store: Store; key: string; from?: number }

export class Room extends Acts implements CarrierEvents, LinkHost {
  /** Whether the carrier is connected, and whether the server has given it the lane. */
  online = false
  welcomed = false
  /** Whether a carrier has ended and no other has begun. */
  lost = false
  /** Why the server ended it for good; null where it may come back. */
  ended: Ending | null = null
  drafts = new Map<string, DraftView>()
  composing = new Map<string, string>()
  /** How often the server has shown the whole board: with the first, this page shows what all others do. */
  boards = 0
  /** Own verdicts that wait to be acknowledged. */
  readonly inbox = new Inbox((ids) => this.acknowledged(ids), (entry) => this.isExpected(entry))
  /** The documents that are open on this page, the one that is shown last. */
  readonly links: DocumentLink[] = []
  /** Hears at once, before anything else, that something was written that is not durable. */
  onWrote: (link: DocumentLink) => void = () => undefined
  private carrier: Carrier | null = null
  /** Where the log stood when this page was opened. */
  private opened = -1
  /** The last record that was told, and those of them that the documents do not show yet. */
  private toldUpTo = 0
  private unshown: LogRecord[] = []
  private listeners = new Set<Listener>()
  private refusedListeners = new Set<(refused: Refused) => void>()
  protected readonly outbox: Outbox
  private queued = false

  constructor(options: RoomOptions) {
    super(new Lane(options.store, options.key))
    this.outbox = new Outbox(this.lane, (intent) => this.send(intent))
    this.lane.begin(options.from ?? 0)
    this.toldUpTo = this.lane.shown
  }

  /** Speak on this carrier; `attach` and a page's session give it. */
  speakOn(carrier: Carrier): void {
    this.carrier = carrier
    if (carrier.isOpen) this.carrierOpened()
  }

  // ---------------------------------------------------------------- documents

  /** Take in a document that is opened on this page. */
  add(provider: WebsocketProvider, options: LinkOptions): DocumentLink {
    const link = new DocumentLink(provider, options, this)
    // The last one is shown: a document that is only kept alive comes behind all others.
    this.links.unshift(link)
    this.changed()
    return link
  }

  /** Take in a document whose own socket carries the room. */
  carry(provider: WebsocketProvider, options: LinkOptions): DocumentLink {
    this.carrier = {
      get isOpen() {
        return provider.ws?.readyState === 1
      },
      connect: () => provider.connect(),
      disconnect: () => provider.disconnect(),
      send: (message) => {
        if (provider.ws?.readyState === 1) provider.ws.send(controlFrame(message))
      },
    }
    const link = new DocumentLink(provider, options, {
      greeting: () => null,
      changed: () => this.changed(),
      refused: (refused) => this.refused(refused),
      linkConnected: () => this.carrierOpened(),
      linkClosed: (_, event) => this.carrierClosed(event),
      linkTold: (link, message) => this.carrierTold(message, link),
      linkHeard: () => this.linkHeard(),
      linkWrote: (link) => this.linkWrote(link),
    })
    this.links.push(link)
    return link
  }

  /** A document is closed on this page; its provider is its owner's to end. */
  drop(link: DocumentLink): void {
    const at = this.links.indexOf(link)
    if (at >= 0) this.links.splice(at, 1)
    this.advance()
    this.flush()
    this.changed()
  }

  /** This is the document that is shown: instructions are about it. */
  show(link: DocumentLink): void {
    const at = this.links.indexOf(link)
    if (at < 0) throw new Error('a document is added before it is shown')
    this.links.push(...this.links.splice(at, 1))
    this.changed()
  }

  /** The document that is shown. */
  get shown(): DocumentLink {
    const link = this.links.at(-1)
    if (!link) throw new Error('no document is open')
    return link
  }

  get doc(): string {
    return this.links.at(-1)?.name ?? ''
  }
  get provider(): WebsocketProvider {
    return this.shown.provider
  }
  /** What this person is in the document that is shown. */
  get here(): Here {
    return this.links.at(-1)?.here ?? NOWHERE
  }
  get away(): Away | null {
    return this.links.at(-1)?.away ?? null
  }
  /** Whether edits of the document that is shown are not known to be on the server's disk. */
  get unsaved(): boolean {
    return this.links.at(-1)?.unsaved ?? false
  }
  comeBack(): void {
    this.shown.comeBack()
  }

  // ---------------------------------------------------------------- who listens

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

  changed(): void {
    if (this.queued) return
    this.queued = true
    queueMicrotask(() => {
      this.queued = false
      for (const listener of this.listeners) listener()
    })
  }

  // ---------------------------------------------------------------- the carrier

  /** The carrier is connected: the conversation begins. */
  carrierOpened(): void {
    this.online = true
    this.welcomed = this.lost = false
    this.ended = null
    this.outbox.begin()
    this.send({ type: 'hello', seen: this.lane.shown, ...(this.lane.lane && { lane: this.lane.lane, secret: this.lane.secret }) })
    this.changed()
  }

  /** The carrier was closed; a malformed frame costs the instruction that it is about, and nothing else. */
  carrierClosed(event: Pick<CloseEvent, 'code' | 'reason'> | null): void {
    this.online = this.welcomed = false
    this.lost = true
    if (event?.code === MALFORMED) {
      const n = this.outbox.first
      if (n !== undefined) {
        this.setAside(this.outbox.setAside(n), { code: 'malformed', reason: event.reason || 'The server could not read it.', remedy: 'Write it anew.' })
        // Once the carrier has done what it does after a close.
        queueMicrotask(() => this.carrier?.connect())
        this.changed()
        return
      }
    }
    if (event && isFinal(event.code)) this.end(endingOf(event))
    this.changed()
  }

  /** It is over for good. */
  protected end(ending: Ending): void {
    this.ended = ending
  }

  /** The server has entered an act. */
  protected taken(_message: IntentMessage | undefined, _ack: Ack): void {}
  /** The server has refused an act. */
  protected turnedDown(_message: IntentMessage, _why: Pick<Refused, 'code' | 'reason' | 'remedy'>): void {}

  protected send(message: ClientMessage): void {
    this.carrier?.send(message)
  }

  /** Send what is pending, as far as what it depends on can be told to the server (decision 31). */
  protected flush(): void {
    if (!this.welcomed || !this.carrier?.isOpen) return
    this.outbox.flush(({ needs = {} }) => {
      const needed = Object.keys(needs)
      return this.links.every((link) => link.isReady || !needed.some((doc) => link.name === doc || link.is(doc)))
    })
  }

  /** What an act of now depends on: the document that is shown, those it points at, and whatever is not saved. */
  protected needs(scope: Scope[] = []): Record<string, Need> {
    const meant = this.links.filter((link, at) => at === this.links.length - 1 || link.unsaved || scope.some(({ doc }) => doc === link.name))
    return Object.fromEntries(meant.filter((link) => !link.away).map((link) => [link.name, link.need()]))
  }

  // ---------------------------------------------------------------- its documents' sockets

  greeting(): Hello | null {
    return this.welcomed ? { type: 'hello', lane: this.lane.lane, secret: this.lane.secret, follow: false } : null
  }
  linkConnected(): void {
    this.flush()
  }
  linkHeard(): void {
    this.advance()
    this.flush()
    this.changed()
  }
  linkClosed(link: DocumentLink, event: Pick<CloseEvent, 'code' | 'reason'> | null): void {
    // What was written into this replica cannot be carried out: a new one is what everybody has.
    if (event?.code === MALFORMED) link.here.voided = true
    // It heard nothing any more: what carries the room may be as dead, and is not told so often.
    if (event === null && this.links.includes(link)) this.carrier?.again?.()
    this.advance()
    this.flush()
  }
  linkWrote(link: DocumentLink): void {
    this.onWrote(link)
  }
  linkTold(link: DocumentLink, message: ServerMessage): void {
    if (message.type === 'welcome') this.flush()
    else if (message.type === 'rights') this.onRights(message, link)
    else if (message.type === 'error') this.onError(message, link)
    else if (message.type === 'document') this.onDocument(message)
    this.changed()
  }

  // ---------------------------------------------------------------- taking in

  carrierTold(message: ServerMessage, link?: DocumentLink): void {
    switch (message.type) {
      case 'welcome':
        this.onWelcome(message)
        break
      case 'ack':
        this.taken(this.outbox.acked(message.n), message)
        break
      case 'nack':
        this.onNack(message)
        break
      case 'state':
        this.onState(message)
        break
      case 'question':
        this.questions.set(message.id, message)
        for (const id of message.group) this.moved(id)
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
        this.onRights(message, link)
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
        this.onError(message, link)
        break
    }
    this.changed()
  }

  private onWelcome(message: Welcome): void {
    this.actor = message.actor
    this.role = message.role
    this.head = message.seq
    if (this.opened < 0) this.opened = message.seq
    this.lane.welcome(message.lane, message.secret, message.n)
    this.welcomed = true
    this.questions.clear()
    this.drafts.clear()
    this.stops = []
    for (const one of this.links) one.join()
    this.flush()
    this.inbox.again()
  }

  private onDocument(message: DocumentMessage): void {
    this.links.find((link) => (link.id ? link.id === message.id : link.name === message.was))?.onDocument(message)
  }

  private onRights(message: RightsMessage, link?: DocumentLink): void {
    link?.onRights(message)
    if (!message.member) return
    this.role = message.member
    for (const one of this.links) if (one !== link) one.onMember(message.member)
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
    this.moved(message.id)
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

  refused(refused: Refused): void {
    const { n = 0, text, reason, remedy, what } = refused
    const same = (one: Unsent) => one.n === n && one.problem === reason
    // A presence is said again every few seconds, and is nobody's work.
    if (what !== 'presence') this.problems = [...this.problems.filter((one) => !same(one)), { n, text, problem: reason, remedy }].slice(-PROBLEMS_KEPT)
    for (const listener of this.refusedListeners) listener(refused)
    this.changed()
  }

  /** Whoever wrote it is told that it was not taken. */
  private setAside(intent: IntentMessage | undefined, why: Pick<Refused, 'code' | 'reason' | 'remedy'>): void {
    if (!intent) return
    this.turnedDown(intent, why)
    this.refused({ what: 'intent', n: intent.n, text: intent.text || intent.kind, ...why })
  }

  private onError({ code, reason, remedy = '', what = 'message', document }: ErrorMessage, link?: DocumentLink): void {
    if (what === 'message') {
      this.inbox.refused()
      // A lane that was kept and cannot be read: without a welcome nothing would ever be sent.
      if (!this.welcomed && this.lane.lane) {
        this.lane.renew()
        this.outbox.begin()
        this.send({ type: 'hello', seen: this.lane.shown })
      }
    }
    if (what === 'edit' && code === 'document_read_only' && link) link.here.voided = true
    this.refused({ what, ...(document && { document }), text: '', code, reason, remedy })
  }

  private onNack({ n, code, reason, remedy = '' }: Nack): void {
    if (code === 'gap' && this.outbox.isStale(n)) return
    if (code === 'equivocation') {
      this.outbox.renewed(n)
      this.carrier?.disconnect()
      this.carrier?.connect()
      return
    }
    this.setAside(this.outbox.refused(n), { code, reason, remedy })
    this.flush()
  }

  private onRecord(record: LogRecord): void {
    if (record.seq <= this.toldUpTo) return
    this.toldUpTo = record.seq
    this.enter(record, this.lane.lane)
    for (const link of this.links) link.onRecord(record)
    this.unshown.push(record)
    this.advance()
  }

  /** Count records as shown, in order, as far as the documents show what they brought (decision 31). */
  private advance(): void {
    let at = 0
    for (; at < this.unshown.length && this.links.every((link) => link.holds(this.unshown[at]!)); at += 1) {
      const { seq } = this.unshown[at]!
      this.lane.show(seq, seq <= this.opened)
    }
    this.unshown.splice(0, at)
  }
}
