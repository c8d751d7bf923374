import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { INTENTS_KEPT, patienceOf } from './asking_room'
import { questionOf, spokenRoom } from './fixtures'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('asking', () => {
  it('returns an instruction once it is in the log, about the document that was named', async () => {
    const at = spokenRoom()
    const coming = at.room.ask('a', { document: 'plan' })
    expect(at.intents()).toMatchObject([{ n: 1, text: 'a', scope: [{ doc: 'plan' }] }])
    const id = at.enter(1)
    expect(await coming).toMatchObject({ id, seq: 1, text: 'a', state: 'queued' })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('fails with what the server refuses, and goes on with what is behind it', async () => {
    const at = spokenRoom()
    const first = at.room.ask('a')
    const second = at.room.ask('b')
    at.tell({ type: 'nack', n: 1, code: 'bad_scope', reason: 'No such place.', remedy: 'Point again.' })
    await expect(first).rejects.toMatchObject({ code: 'bad_scope', message: 'No such place.', remedy: 'Point again.' })
    at.enter(1)
    expect((await second).text).toBe('b')
  })

  it('claims to have seen what its author says, and never more than was told', async () => {
    const at = spokenRoom()
    for (const by of ['Ben', 'Chen']) at.record('config', by, {})
    void at.room.ask('a')
    void at.room.ask('b', { seen: at.room.lane.shown })
    expect(at.intents()).toMatchObject([{ seen: 0 }, { seen: 2 }])
    for (const seen of [3, -1, 0.5, NaN]) await expect(at.room.ask('c', { seen })).rejects.toMatchObject({ code: 'bad_option' })
    await expect(at.room.ask('c', { document: 'plan', scope: [] })).rejects.toMatchObject({ code: 'bad_option' })
    expect(at.intents().length).toBe(2)
  })

  it('sends nothing that was called as it cannot be', async () => {
    const at = spokenRoom()
    const bad = expect.objectContaining({ code: 'bad_option', remedy: expect.stringMatching(/./) })
    for (const given of [{ document: '' }, { document: 5 }, { scope: 'plan' }, { scope: [null] }, { signal: 5 }, { patienceMs: 'x' }]) await expect(at.room.ask('a', given as object)).rejects.toEqual(bad)
    await expect(at.room.ask(undefined as unknown as string)).rejects.toEqual(bad)
    expect(() => at.room.stop('everything' as 'all')).toThrow(bad)
    expect(() => at.room.on('refusal' as 'refused', () => undefined)).toThrow(bad)
    expect(() => at.room.subscribe(5 as unknown as () => void)).toThrow(bad)
    expect(at.intents()).toEqual([])
  })

  it('answers what is asked, and nothing else once all questions have been told', () => {
    const at = spokenRoom()
    at.room.answer('q1', 'x')
    at.tell({ type: 'board', whole: true, intents: [], questions: [], drafts: [], composing: [] })
    expect(() => at.room.answer('q999', 'x')).toThrow(expect.objectContaining({ code: 'no_question' }))
    at.tell(questionOf('q2', []))
    at.room.answer('q2', 'y')
    expect(() => at.room.answer('q2', 5 as unknown as string)).toThrow(expect.objectContaining({ code: 'bad_option' }))
    at.close()
    at.room.answer('q3', 'z')
    at.connect(2)
    at.room.answer('q4', 'z')
    expect(new Set(at.intents().map(({ refs }) => refs?.[0]))).toEqual(new Set(['q1', 'q2', 'q3', 'q4']))
  })

  it('asks once where the connection is lost before the answer, whether the server had it or not', async () => {
    const at = spokenRoom()
    const first = at.room.ask('a')
    at.record('intent', 'Ana', { id: 'i1', lane: 'L', n: 1, kind: 'do', text: 'a', seen: 0, vc: {}, role: 'editor' })
    at.close()
    const second = at.room.ask('b')
    at.connect(1)
    expect(at.intents().map((one) => [one.n, one.text])).toEqual([[1, 'a'], [1, 'a'], [2, 'b']])
    at.tell({ type: 'ack', n: 1, id: 'i1', seq: 1, state: 'queued' })
    at.enter(2)
    expect([(await first).id, (await second).id]).toEqual(['i1', 'i2'])
  })

  it('waits for the same answer where its lane begins anew', async () => {
    const at = spokenRoom()
    const coming = at.room.ask('a')
    at.tell({ type: 'nack', n: 1, code: 'equivocation', reason: '', remedy: '' })
    at.connect()
    at.enter(1)
    expect((await coming).text).toBe('a')
  })
})

describe('a room that stays open', () => {
  it('knows no more instructions than it may: what ended first is forgotten, what is under way never', () => {
    const at = spokenRoom()
    const first = at.enter(1)
    for (let turn = 0; turn < INTENTS_KEPT + 10; turn += 1) {
      at.record('intent', 'Ben', { id: `n${turn}`, lane: 'B', n: turn, kind: 'do', text: '', seen: 0, vc: {}, role: 'editor' })
      at.record('verdict', 'agent', { intent: `n${turn}`, state: 'done', code: 'done', reason: '' })
    }
    const { intents } = at.room
    expect([intents.size, intents.has(first), intents.has('n10'), intents.has('n11')]).toEqual([INTENTS_KEPT, true, false, true])
  })
})

describe('what could never be sent', () => {
  it('is refused here: the server would close its connection, again and again', async () => {
    const at = spokenRoom()
    await expect(at.room.ask('é'.repeat(100_000))).rejects.toMatchObject({ code: 'too_large' })
    expect([at.sent.length, at.room.lane.pending]).toEqual([1, []])
  })
})

describe('nobody waits for ever', () => {
  it('what was not sent in time is taken back', async () => {
    const at = spokenRoom(new Map(), false)
    const coming = at.room.ask('a', { patienceMs: 500 })
    const failed = expect(coming).rejects.toMatchObject({ code: 'offline' })
    await vi.advanceTimersByTimeAsync(500)
    await failed
    at.connect()
    expect([at.intents(), at.room.lane.pending]).toEqual([[], []])
  })

  it('what was sent and not answered in time is cancelled when the server answers', async () => {
    const at = spokenRoom()
    const failed = expect(at.room.ask('a', { patienceMs: 500 })).rejects.toMatchObject({ code: 'unanswered' })
    await vi.advanceTimersByTimeAsync(500)
    await failed
    const id = at.enter(1)
    expect(at.intents().at(-1)).toMatchObject({ n: 2, kind: 'cancel', refs: [id] })
  })

  it('a signal gives it up before it begins, while it waits, and while it runs', async () => {
    const at = spokenRoom()
    await expect(at.room.ask('a', { signal: AbortSignal.abort('early') })).rejects.toBe('early')
    const waiting = new AbortController()
    const failed = expect(at.room.ask('b', { signal: waiting.signal })).rejects.toBe('enough')
    waiting.abort('enough')
    await failed
    at.enter(1)
    expect(at.intents().at(-1)).toMatchObject({ kind: 'cancel', refs: ['i1'] })
    at.enter(2, { kind: 'cancel' })
    const running = new AbortController()
    const coming = at.room.ask('c', { signal: running.signal })
    const id = at.enter(3)
    await coming
    running.abort()
    expect(at.intents().at(-1)).toMatchObject({ kind: 'cancel', refs: [id] })
  })

  it('a room that is over says so to whoever waits, and to whoever asks', async () => {
    const at = spokenRoom()
    const failed = expect(at.room.ask('a')).rejects.toMatchObject({ code: 'not_found' })
    at.close(4404, 'gone')
    await failed
    await expect(at.room.ask('b')).rejects.toMatchObject({ code: 'not_found' })
    await expect(at.room.accepted(at.room.cancel('i1'))).rejects.toMatchObject({ code: 'not_found' })
    expect([vi.getTimerCount(), at.room.lane.pending.map((one) => one.text)]).toEqual([0, ['a']])
  })

  it('and no more than a thousand wait', async () => {
    const at = spokenRoom(new Map(), false)
    const failed = Array.from({ length: 1_000 }, () => at.room.ask('a', { patienceMs: 1 }).catch(() => undefined))
    await Promise.resolve()
    await expect(at.room.ask('a')).rejects.toMatchObject({ code: 'too_many' })
    await vi.advanceTimersByTimeAsync(1)
    await Promise.all(failed)
    expect(at.room.lane.pending).toEqual([])
  })

  it.each([0, -1, NaN, Infinity, 2 ** 31])('a wait is not %d', (given) => {
    expect(() => patienceOf(given)).toThrow(expect.objectContaining({ code: 'bad_option' }))
  })
})
