import { describe, expect, it, vi } from 'vitest'
import { FolkmootError } from './failure'
import { questionOf, spokenRoom } from './fixtures'
import type { InstructionState } from './instruction'

/** A room in which one instruction was accepted. */
async function asked() {
  const at = spokenRoom()
  const coming = at.room.ask('a')
  const id = at.enter(1)
  const instruction = await coming
  const end = () => at.record('verdict', 'agent', { intent: id, state: 'done', code: 'done', reason: 'Did it.', commit: 'c9' })
  return { ...at, instruction, id, end }
}

describe('an instruction', () => {
  it('tells each state once, to listeners and in a loop, and ends with its verdict', async () => {
    const { tell, instruction, id, end } = await asked()
    const heard: string[] = []
    instruction.on('state', ({ state, reason }) => heard.push(`${state} ${reason}`))
    const looped: InstructionState[] = []
    const loop = (async () => { for await (const state of instruction.states()) looped.push(state) })()
    tell({ type: 'state', id, state: 'planning', waits_for: [], reason: 'reads' })
    tell({ type: 'state', id, state: 'planning', waits_for: [], reason: 'reads' })
    tell({ type: 'state', id, state: 'held', waits_for: ['i7'], reason: '' })
    end()
    expect(await instruction.verdict).toMatchObject({ state: 'done', reason: 'Did it.' })
    await loop
    expect(heard).toEqual(['planning reads', 'held ', 'done Did it.'])
    expect(looped.map(({ state, waitsFor }) => [state, waitsFor])).toEqual([['queued', []], ['planning', []], ['held', ['i7']], ['done', []]])
    expect([instruction.isOver, instruction.state, looped.at(-1)?.verdict?.commit]).toEqual([true, 'done', 'c9'])
  })

  it('has its end whatever a listener throws, and tells the others', async () => {
    const reported = vi.fn()
    vi.stubGlobal('reportError', reported)
    const { instruction, end, room } = await asked()
    const heard: string[] = []
    for (const event of ['state', 'verdict'] as const) {
      instruction.on(event, () => { throw new Error(event) })
      instruction.on(event, () => heard.push(event))
    }
    room.subscribe(() => { throw new Error('room') })
    room.subscribe(() => heard.push('room'))
    end()
    expect((await instruction.verdict).state).toBe('done')
    await vi.waitFor(() => expect(heard).toEqual(['state', 'verdict', 'room']))
    expect(reported.mock.calls.map(([error]) => (error as Error).message)).toEqual(['state', 'verdict', 'room'])
    vi.unstubAllGlobals()
  })

  it('has no other events than it has', async () => {
    const { instruction } = await asked()
    for (const event of ['states', 'toString']) expect(() => instruction.on(event as 'state', () => undefined)).toThrow(expect.objectContaining({ code: 'bad_option' }))
    expect(() => instruction.on('state', 5 as unknown as () => void)).toThrow(expect.objectContaining({ code: 'bad_option' }))
  })

  it('keeps of many states the last for a slow reader', async () => {
    const { tell, instruction, id, end } = await asked()
    const loop = instruction.states()
    await loop.next()
    const second = loop.next()
    for (let at = 0; at < 500; at += 1) tell({ type: 'state', id, state: 'planning', waits_for: [], reason: `step ${at}` })
    end()
    const left = [(await second).value]
    for await (const state of loop) left.push(state)
    expect(left.length).toBeLessThanOrEqual(101)
    expect(left.at(-1)?.state).toBe('done')
  })

  it('tells of a question, which is answered by its value, and of the next', async () => {
    const { tell, instruction, id, intents } = await asked()
    const heard: string[] = []
    instruction.on('question', (question) => heard.push(question.id))
    await expect(instruction.answer('yes')).rejects.toMatchObject({ code: 'no_question' })
    tell(questionOf('q1', ['i0', id]))
    tell(questionOf('q1', ['i0', id], { deadline: 1 }))
    expect(instruction.question?.id).toBe('q1')
    const answering = instruction.answer('yes')
    expect(intents().at(-1)).toMatchObject({ kind: 'answer', refs: ['q1'], value: 'yes', n: 2 })
    tell({ type: 'ack', n: 2, id: 'i3', seq: 3, state: 'done' })
    await answering
    tell({ type: 'closed', id: 'q1' })
    tell(questionOf('q2', [id]))
    expect(heard).toEqual(['q1', 'q2'])
  })

  it('tells who comes late of the open question and the verdict, once, and nobody who has gone', async () => {
    const { tell, instruction, id, end } = await asked()
    const heard: string[] = []
    tell(questionOf('q1', [id]))
    instruction.on('question', ({ id: question }) => heard.push(question))
    await Promise.resolve()
    instruction.on('verdict', ({ state }) => heard.push(state))
    end()
    instruction.on('verdict', ({ state }) => heard.push(`late ${state}`))
    instruction.on('verdict', () => heard.push('gone'))()
    await instruction.verdict
    await Promise.resolve()
    expect(heard).toEqual(['q1', 'done', 'late done'])
  })

  it('is cancelled, added to, replaced and taken back by further acts', async () => {
    const { instruction, intents, id, end, enter } = await asked()
    await expect(instruction.undo()).rejects.toMatchObject({ code: 'nothing_done' })
    const cancelled = instruction.cancel()
    const more = instruction.steer('and b')
    end()
    const instead = instruction.override('c')
    const undone = instruction.undo()
    for (const n of [2, 3, 4, 5]) enter(n)
    await cancelled
    expect([(await more).text, (await instead).text, (await undone).isOver]).toEqual(['and b', 'c', false])
    expect(intents().slice(1)).toMatchObject([
      { kind: 'cancel', refs: [id] }, { kind: 'do', refs: [id], text: 'and b' },
      { kind: 'override', refs: [id], text: 'c' }, { kind: 'undo', refs: ['c9'] },
    ])
  })

  it('is no end where the room is over before it, and no unhandled rejection', async () => {
    const { instruction, close } = await asked()
    const loop = (async () => { for await (const _ of instruction.states()) { /* to the end */ } })()
    close(4401, 'revoked')
    await expect(instruction.verdict).rejects.toMatchObject({ code: 'unauthenticated', message: 'revoked' })
    await expect(loop).rejects.toBeInstanceOf(FolkmootError)
  })

  it('goes on over a lost connection', async () => {
    const { instruction, close, connect, end } = await asked()
    close()
    connect(1)
    end()
    expect((await instruction.verdict).state).toBe('done')
  })
})
