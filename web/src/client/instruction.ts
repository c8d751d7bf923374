/** One instruction that was asked here, from its acceptance to its verdict. No DOM. */
import { FolkmootError } from './failure'
import { expectOption, guardedListener } from './handed_in'
import type { IntentMessage } from './lane'
import type { IntentView } from './log_view'
import type { QuestionMessage, Scope, State, VerdictBody } from './wire'

/** How many states wait for a slow reader of `states()`; beyond these the oldest are left out, never the last. */
const STATES_MAX = 100

/** Where an instruction stands. `steps` is what the agent says it is doing, newest last; `verdict` is there at the end. */
export interface InstructionState {
  state: State
  reason: string
  summary: string
  waitsFor: readonly string[]
  steps: readonly string[]
  verdict?: VerdictBody
}

/** What an instruction tells: each change of its state, questions about it, its end. */
export interface InstructionEvents { state: InstructionState; question: QuestionMessage; verdict: VerdictBody }

/** Where an instruction was accepted. */
export interface Accepted { id: string; seq: number }

/** The room that an instruction was asked in. */
export interface InstructionHost {
  readonly intents: ReadonlyMap<string, IntentView>
  readonly questions: ReadonlyMap<string, QuestionMessage>
  readonly steps: ReadonlyMap<string, readonly string[]>
  cancel(id: string): IntentMessage
  answer(question: string, value: string): IntentMessage
  steer(id: string, text: string, scope?: Scope[]): IntentMessage
  override(id: string, text: string, scope?: Scope[]): IntentMessage
  undo(commit: string): IntentMessage
  approve(id: string): IntentMessage
  /** Wait until the server has entered an act. */
  accepted(message: IntentMessage): Promise<Accepted>
  /** Wait until the server has entered an instruction. */
  instructed(message: IntentMessage): Promise<Instruction>
}

type Listeners = { [Name in keyof InstructionEvents]: Set<(value: InstructionEvents[Name]) => void> }

export class Instruction {
  /** Its one end. It is refused with a `FolkmootError` where the room is over before that. */
  readonly verdict: Promise<VerdictBody>
  private readonly listeners: Listeners = { state: new Set(), question: new Set(), verdict: new Set() }
  private last: InstructionState = { state: 'queued', reason: '', summary: '', waitsFor: [], steps: [] }
  private asked = ''
  private end!: (verdict: VerdictBody) => void
  private fail!: (failure: FolkmootError) => void

  constructor(readonly id: string, readonly seq: number, readonly text: string, private readonly host: InstructionHost) {
    this.verdict = new Promise((resolve, reject) => {
      this.end = resolve
      this.fail = reject
    })
    // Nobody need wait for it: a room that is closed is no unhandled rejection.
    this.verdict.catch(() => undefined)
  }

  /** Where it stands now. */
  get current(): InstructionState {
    return this.last
  }
  get state(): State {
    return this.last.state
  }
  get isOver(): boolean {
    return this.last.verdict !== undefined
  }
  /** The open question about it, where there is one. */
  get question(): QuestionMessage | undefined {
    return [...this.host.questions.values()].find(({ group }) => group.includes(this.id))
  }

  /** Hear of each change; returns how to stop. Who comes late is told of the open question, and of the verdict. */
  on<Name extends keyof InstructionEvents>(event: Name, listener: (value: InstructionEvents[Name]) => void): () => void {
    expectOption(Object.hasOwn(this.listeners, event), `An instruction has no event “${event}”.`, 'Its events are `state`, `question` and `verdict`.')
    const all = this.listeners[event]
    const heard = guardedListener(listener)
    all.add(heard)
    const missed: { [Any in keyof InstructionEvents]?: InstructionEvents[Any] } = { question: this.question, verdict: this.last.verdict }
    const value = missed[event]
    if (value) queueMicrotask(() => all.has(heard) && heard(value))
    return () => void all.delete(heard)
  }

  /** Each state from now to the end, the one of now first. Throws a `FolkmootError` where the room is over before that. */
  async *states(): AsyncGenerator<InstructionState, void, undefined> {
    const waiting = [this.last]
    let failure: FolkmootError | null = null
    let wake = () => {}
    const stop = this.on('state', (state) => {
      waiting.push(state)
      if (waiting.length > STATES_MAX) waiting.shift()
      wake()
    })
    this.verdict.catch((error: FolkmootError) => {
      failure = error
      wake()
    })
    try {
      for (;;) {
        for (let state = waiting.shift(); state; state = waiting.shift()) {
          yield state
          if (state.verdict) return
        }
        if (failure) throw failure
        await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      stop()
    }
  }

  // ---------------------------------------------------------------- what may be done about it

  /** Take it back; done once the server has entered that. */
  async cancel(): Promise<void> {
    await this.host.accepted(this.host.cancel(this.id))
  }
  /** Answer the question about it with one of its values, or in free words where it has none. */
  async answer(value: string): Promise<void> {
    const { question } = this
    if (!question) throw new FolkmootError('no_question', 'Nobody asks anything about this instruction.', 'Wait for its event `question`.')
    await this.host.accepted(this.host.answer(question.id, value))
  }
  /** Add to it while the agent is working on it. */
  steer(text: string, scope?: Scope[]): Promise<Instruction> {
    return this.host.instructed(this.host.steer(this.id, text, scope))
  }
  /** Ask for something else in its place, knowing how it ended. */
  override(text: string, scope?: Scope[]): Promise<Instruction> {
    return this.host.instructed(this.host.override(this.id, text, scope))
  }
  /** Run it after all, where it has ended as a suggestion. */
  approve(): Promise<Instruction> {
    return this.host.instructed(this.host.approve(this.id))
  }
  /** Take back what it has done: what others typed since stays. */
  async undo(): Promise<Instruction> {
    const commit = this.last.verdict?.commit
    if (!commit) throw new FolkmootError('nothing_done', 'This instruction has changed nothing that could be taken back.', 'Wait for its verdict.')
    return this.host.instructed(this.host.undo(commit))
  }

  // ---------------------------------------------------------------- what the room tells

  /** The room has been told something about it. */
  look(): void {
    if (this.isOver) return
    const { question } = this
    if (question && question.id !== this.asked) this.tell('question', question)
    this.asked = question?.id ?? ''
    const view = this.host.intents.get(this.id)
    if (!view) return
    const steps = this.host.steps.get(this.id) ?? []
    const { state, reason, summary, waitsFor, verdict } = view
    const same = state === this.last.state && reason === this.last.reason && summary === this.last.summary && waitsFor.join() === this.last.waitsFor.join()
    if (same && !verdict) return
    this.last = { state, reason, summary, waitsFor: [...waitsFor], steps: [...steps], ...(verdict && { verdict }) }
    this.tell('state', this.last)
    if (!verdict) return
    this.end(verdict)
    this.tell('verdict', verdict)
  }

  /** The room is over before it has ended. */
  abandon(failure: FolkmootError): void {
    this.fail(failure)
  }

  private tell<Name extends keyof InstructionEvents>(event: Name, value: InstructionEvents[Name]): void {
    for (const listener of this.listeners[event]) listener(value)
  }
}
