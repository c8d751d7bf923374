// A program as somebody writes it against the package: what the compiler lets through, and what it does not.
import { attach, byId, FolkmootError, open, type Instruction, type InstructionState, type OpenRoom, type QuestionMessage, type Role, type Scope, type VerdictBody } from 'folkmoot'
import { ghostText, sharedText } from 'folkmoot/codemirror'
import { useDocument, useInstruction, useOpenRoom, useRoom, useText } from 'folkmoot/react'
import { EditorState, type Extension } from '@codemirror/state'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

type Same<One, Other> = [One] extends [Other] ? ([Other] extends [One] ? true : false) : false
function expect<_ extends true>(): void {}

export async function work(url: string, signal: AbortSignal): Promise<void> {
  const room: OpenRoom = await open({ url, token: 't', signal, user: { name: 'Ana' }, store: localStorage, key: 'tab', patienceMs: 5_000 })
  const plan = await room.document('plan', { doc: new Y.Doc() })
  const words: Y.Text = plan.text
  const scope: Scope = plan.range(0, 4)
  const instruction: Instruction = await room.ask('append "x" to plan', { scope: [scope], seen: room.lane.shown, signal })
  const stop: () => void = instruction.on('question', ({ id, options }) => room.answer(id, options[0]?.value ?? ''))
  instruction.on('verdict', (verdict) => expect<Same<typeof verdict, VerdictBody>>())
  for await (const state of instruction.states()) expect<Same<typeof state, InstructionState>>()
  const { state, commit }: VerdictBody = await instruction.verdict
  if (state === 'done' && commit) await (await instruction.undo()).verdict
  const question: QuestionMessage | undefined = instruction.question
  const role: Role = room.role
  const extension: Extension = [sharedText(words, plan.awareness), ghostText(room, 'plan', words)]
  EditorState.create({ doc: words.toString(), extensions: extension })
  const attached = attach(new WebsocketProvider(url, byId('plan'), plan.doc))
  await attached.ask('more')
  stop()
  room.close()
  console.log(question?.text, role)

  // @ts-expect-error: an instruction has words
  await room.ask(7)
  // @ts-expect-error: there is no such option
  await room.ask('x', { documents: ['plan'] })
  // @ts-expect-error: there is no such event
  instruction.on('states', () => undefined)
  // @ts-expect-error: a workspace is opened by its address
  await open({ token: 't' })
  // @ts-expect-error: no state is called so
  if (state === 'finished') return
}

export function drawn(instruction: Instruction, text: Y.Text): string {
  const { value, failure } = useOpenRoom({ url: 'http://host/w/demo' })
  expect<Same<typeof failure, FolkmootError | null>>()
  const { value: plan } = useDocument(value, 'plan')
  const room = useRoom(value)
  expect<Same<typeof room, OpenRoom | null>>()
  return `${room?.actor} ${useInstruction(instruction).state} ${useText(text)} ${useText(plan && plan.text)} ${useText(plan?.text)}`
}
