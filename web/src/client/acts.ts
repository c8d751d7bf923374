/** What a person does to the agent from this page: each is an intent of the lane, stamped with what its author had seen. No DOM. */
import * as Y from 'yjs'
import { base64 } from './control'
import type { IntentMessage, Lane } from './lane'
import { LogView, type IntentView } from './log_view'
import { cut } from './quotation'
import type { Unsent } from './refused'
import type { ClientMessage, IntentKind, Need, Scope } from './wire'

/** Acts that depend on what their author has written: they wait for it (semantics C1). */
const DEPENDING: ReadonlySet<IntentKind> = new Set(['do', 'override', 'approve', 'undo'])

export abstract class Acts extends LogView {
  /** What the server did not take, as its author is shown it. */
  problems: Unsent[] = []

  constructor(readonly lane: Lane) {
    super()
  }

  /** The document that is shown. */
  abstract get doc(): string
  /** Draw again. */
  abstract changed(): void
  protected abstract send(message: ClientMessage): void
  /** Send what waits, as far as it can go out. */
  protected abstract flush(): void
  /** What an act of now depends on. */
  protected abstract needs(scope?: Scope[]): Record<string, Need>

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

  /** Send an instruction or another act on the agent; while offline it waits here. Returns it as it waits. */
  intent(text: string, more: { kind?: IntentKind; scope?: Scope[]; refs?: string[]; value?: string } = {}): IntentMessage {
    const wasComposing = this.lane.composing !== null
    const kind = more.kind ?? 'do'
    const needs = DEPENDING.has(kind) ? this.needs(more.scope) : undefined
    const message = this.lane.issue({ ...more, kind, text, ...(needs && { needs }) })
    this.flush()
    if (wasComposing) this.send({ type: 'composing', on: false, scope: null })
    this.changed()
    return message
  }

  answer(question: string, value: string): IntentMessage {
    return this.intent('', { kind: 'answer', refs: [question], value })
  }
  cancel(id: string): IntentMessage {
    return this.intent('', { kind: 'cancel', refs: [id] })
  }
  /** Cancel everything of one's own that is under way, or everything one may. */
  stop(scope: 'mine' | 'all'): IntentMessage {
    return this.intent('', { kind: 'cancel', value: scope })
  }
  /** The author acts on an instruction: it was noticed, and to override it also how it ended. */
  vouch(kind: 'steer' | 'override', id: string): void {
    const target = this.intents.get(id)
    this.lane.vouch(Math.max(target?.seq ?? 0, (kind === 'override' && target?.verdictSeq) || 0))
    this.changed()
  }
  /** Add to an instruction that the agent is working on. */
  steer(id: string, text: string, scope?: Scope[]): IntentMessage {
    this.vouch('steer', id)
    return this.intent(text, { refs: [id], ...(scope && { scope }) })
  }
  /** Ask for something else instead, knowing how an instruction ended. */
  override(id: string, text: string, scope?: Scope[]): IntentMessage {
    this.vouch('override', id)
    return this.intent(text, { kind: 'override', refs: [id], ...(scope && { scope }) })
  }
  /** Take a commit of the agent back: what others typed since stays. */
  undo(commit: string): IntentMessage {
    return this.intent('', { kind: 'undo', refs: [commit] })
  }
  approve(id: string): IntentMessage {
    return this.intent('', { kind: 'approve', refs: [id] })
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
}
