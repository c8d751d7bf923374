/**
 * A room in which one asks and waits: each act is answered, refused or given up, and never asked twice. The page draws what
 * it is told and waits for nothing, so its own room is without this. No DOM.
 */
import type { Ending } from './close_codes'
import type { DocumentLink } from './document_link'
import { failureOf, FolkmootError } from './failure'
import { expectOption, guardedListener, signalOf } from './handed_in'
import { Instruction, type Accepted, type InstructionHost } from './instruction'
import type { IntentMessage } from './lane'
import type { Refused } from './refused'
import { Room } from './room'
import type { Ack, Scope, ServerMessage } from './wire'

/** How long an act waits for the server's answer, where nobody says otherwise; and at most. */
const PATIENCE_MS = 30_000
const PATIENCE_MS_MAX = 2 ** 31 - 1
/** Beyond so many instructions those that ended first are forgotten: a program may run for years. */
export const INTENTS_KEPT = 10_000
/** How many acts may wait for an answer. */
const UNANSWERED_MAX = 1_000
/** A message has at most 256 KiB (protocol §2); what a lane adds to an instruction is far below the rest. */
const WORDS_BYTES_MAX = 192 * 1024
/** What is cancelled where nobody waits for it any more. */
const INSTRUCTING: ReadonlySet<string> = new Set(['do', 'override', 'approve', 'undo'])

export interface AskOptions {
  /** The document that it is about: the agent changes nothing outside of it. */
  document?: string
  /** Where it points, instead of a whole document. */
  scope?: Scope[]
  /**
   * The record up to which its author knew the log. Left out, that of `compose()`; without one, what was told two seconds
   * ago or earlier. `room.lane.shown` says: everything that has been told.
   */
  seen?: number
  /** Gives it up: what has not begun is taken back, what has is cancelled. */
  signal?: AbortSignal
  /** How long the server may take to enter it, in milliseconds; 30 seconds where it is left out. */
  patienceMs?: number
}

interface Waiting {
  resolve: (accepted: Accepted) => void
  reject: (why: unknown) => void
  /** No longer listen to clock and signal. */
  rest: () => void
  isGivenUp: boolean
}

/** A bound on a wait, as it may be given. */
export function patienceOf(given = PATIENCE_MS): number {
  if (given > 0 && given <= PATIENCE_MS_MAX) return given
  throw new FolkmootError('bad_option', `A wait is 1 to ${PATIENCE_MS_MAX} milliseconds.`, 'Pass another `patienceMs`, or leave it out.')
}

export class AskingRoom extends Room implements InstructionHost {
  /** Counts the changes of what is shown. */
  revision = 0
  private readonly unanswered = new Map<IntentMessage, Waiting>()
  private readonly followed = new Map<string, Instruction>()
  /** Whether all open questions have been told since the connection was made. */
  private knowsQuestions = false

  /** Why nothing can be asked any more; null while it can. */
  protected get failure(): FolkmootError | null {
    return this.ended && failureOf(this.ended)
  }

  /**
   * Give the agent an instruction; it is in the log, on disk, once this returns.
   *
   * Rejects with a `FolkmootError`: what the server refuses with its code, `too_large`, `bad_option`, `offline` where nothing was sent in time,
   * `unanswered` where it was sent and not answered, the room's end; with the signal's reason where that gives it up.
   */
  async ask(text: string, options: AskOptions = {}): Promise<Instruction> {
    const { document, seen } = options
    const signal = signalOf(options.signal)
    signal?.throwIfAborted()
    const patienceMs = patienceOf(options.patienceMs)
    expectOption(typeof text === 'string', 'An instruction is a text.', 'Pass what is asked, in words.')
    expectOption(document === undefined || (typeof document === 'string' && document !== ''), '`document` is a document’s name.', 'Pass it as it is listed, or leave it out.')
    expectOption(options.scope === undefined || (Array.isArray(options.scope) && options.scope.every((place) => typeof place?.doc === 'string')), '`scope` is a list of places in documents.', 'Pass those that `range` returns, or leave it out.')
    if (document !== undefined && options.scope) throw new FolkmootError('bad_option', 'An instruction has a document or a scope, not both.', 'Leave one out.')
    if (seen !== undefined && !(Number.isInteger(seen) && seen >= 0 && seen <= this.lane.shown)) {
      throw new FolkmootError('bad_option', `seen is a record that was told here, 0 to ${this.lane.shown}.`, 'Pass `room.lane.shown`, or leave it out.')
    }
    if (new TextEncoder().encode(JSON.stringify([text, options.scope])).length > WORDS_BYTES_MAX) throw new FolkmootError('too_large', `An instruction has at most ${WORDS_BYTES_MAX} bytes.`, 'Ask in smaller parts.')
    this.refuseMore()
    if (seen !== undefined) this.lane.resume(seen)
    const scope = document === undefined ? options.scope : [{ doc: document }]
    return this.instructed(this.intent(text, scope && { scope }), { patienceMs, signal })
  }

  /** Wait until the server has entered an instruction. */
  async instructed(message: IntentMessage, options: Pick<AskOptions, 'signal' | 'patienceMs'> = {}): Promise<Instruction> {
    const { id, seq } = await this.accepted(message, options)
    const instruction = new Instruction(id, seq, message.text, this)
    this.followed.set(id, instruction)
    const { signal } = options
    if (signal) {
      const cancel = () => void (instruction.isOver || this.cancel(id))
      signal.addEventListener('abort', cancel)
      const stop = () => signal.removeEventListener('abort', cancel)
      instruction.verdict.then(stop, stop)
      if (signal.aborted) cancel()
    }
    this.moved(id)
    return instruction
  }

  /** Wait until the server has entered an act. */
  accepted(message: IntentMessage, options: Pick<AskOptions, 'signal' | 'patienceMs'> = {}): Promise<Accepted> {
    return new Promise((resolve, reject) => {
      const signal = signalOf(options.signal)
      const patienceMs = patienceOf(options.patienceMs)
      const failure = this.failure
      if (failure) {
        this.outbox.takeBack(message)
        reject(failure)
        return
      }
      const timer = setTimeout(() => this.giveUp(message, null), patienceMs)
      const abort = () => this.giveUp(message, signal?.reason)
      signal?.addEventListener('abort', abort)
      const rest = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
      }
      this.unanswered.set(message, { resolve, reject, rest, isGivenUp: false })
    })
  }

  /** Answer a question. Throws `no_question` where nobody asks it, as far as is known here. */
  override answer(question: string, value: string): IntentMessage {
    if (this.welcomed && this.knowsQuestions && !this.questions.has(question)) throw new FolkmootError('no_question', `Nobody asks “${question}”.`, 'See the open ones in `questions`.')
    expectOption(typeof value === 'string', 'An answer is a text.', 'Pass one of the question’s values, or words.')
    return super.answer(question, value)
  }

  /** Cancel everything of one's own that is under way, or everything one may. Throws `bad_option`. */
  override stop(scope: 'mine' | 'all'): IntentMessage {
    expectOption(scope === 'mine' || scope === 'all', `“${scope}” is nothing that could be stopped.`, 'Pass `mine` or `all`.')
    return super.stop(scope)
  }

  /** As in every room; what a listener throws is reported, and keeps nobody else from hearing. */
  override subscribe(listener: () => void): () => void {
    return super.subscribe(guardedListener(listener))
  }
  override on(event: 'refused', listener: (refused: Refused) => void): () => void {
    expectOption(event === 'refused', `A room has no event “${event}”.`, 'Its event is `refused`.')
    return super.on(event, guardedListener(listener))
  }

  /** The server was silent for longer than somebody waits: its connection may be dead. */
  protected doubt(): void {}

  private refuseMore(): void {
    if (this.failure) throw this.failure
    if (this.unanswered.size < UNANSWERED_MAX) return
    throw new FolkmootError('too_many', `${UNANSWERED_MAX} acts wait for an answer.`, 'Wait for some of them.')
  }

  /** Nobody waits any more: by the clock where there is no reason. */
  private giveUp(message: IntentMessage, reason: unknown): void {
    const waiting = this.unanswered.get(message)
    if (!waiting || waiting.isGivenUp) return
    waiting.rest()
    const isBack = this.outbox.takeBack(message)
    if (!isBack && reason === null) this.doubt()
    // What may be there is kept until the server says so, then cancelled: under its number it is done at most once.
    if (isBack) this.unanswered.delete(message)
    else waiting.isGivenUp = true
    const late = isBack
      ? new FolkmootError('offline', 'The server was not reached in time; nothing was sent.', 'Try again when the room is online.')
      : new FolkmootError('unanswered', 'The server did not answer in time; it may have begun, and is told to cancel as soon as it answers.', 'See what became of it before you ask again.')
    waiting.reject(reason ?? late)
  }

  // ---------------------------------------------------------------- what the room tells

  override carrierTold(message: ServerMessage, link?: DocumentLink): void {
    if (message.type === 'welcome') this.knowsQuestions = false
    super.carrierTold(message, link)
    if (message.type === 'board' && message.whole) this.knowsQuestions = true
  }

  protected override taken(message: IntentMessage | undefined, { id, seq }: Ack): void {
    const waiting = message && this.unanswered.get(message)
    if (!waiting) return
    this.unanswered.delete(message)
    waiting.rest()
    if (!waiting.isGivenUp) waiting.resolve({ id, seq })
    else if (INSTRUCTING.has(message.kind)) this.cancel(id)
  }

  protected override turnedDown(message: IntentMessage, { code, reason, remedy }: Pick<Refused, 'code' | 'reason' | 'remedy'>): void {
    const waiting = this.unanswered.get(message)
    if (!waiting) return
    this.unanswered.delete(message)
    waiting.rest()
    waiting.reject(new FolkmootError(code, reason, remedy))
  }

  /** It is over for good: whoever waits is told. */
  protected override end(ending: Ending): void {
    super.end(ending)
    const failure = failureOf(ending)
    for (const [message, { rest, reject }] of [...this.unanswered]) {
      this.outbox.takeBack(message)
      rest()
      reject(failure)
    }
    this.unanswered.clear()
    for (const instruction of this.followed.values()) instruction.abandon(failure)
    this.followed.clear()
  }

  override changed(): void {
    this.revision += 1
    super.changed()
  }

  protected override moved(id: string): void {
    const instruction = this.followed.get(id)
    instruction?.look()
    if (instruction?.isOver) this.followed.delete(id)
    this.forget()
  }

  /** Keep within bounds: what ended first goes, with what it cost and sent. */
  private forget(): void {
    if (this.intents.size <= INTENTS_KEPT) return
    for (const [id, { verdict, effects = [] }] of this.intents) {
      if (!verdict) continue
      this.intents.delete(id)
      this.costs.delete(id)
      for (const { i } of effects) this.outside.delete(`${verdict.commit}/${i}`)
      return
    }
  }
}
