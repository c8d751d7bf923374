import { describe, expect, it } from 'vitest'
import { viewOf } from '../client/fixtures'
import type { IntentMessage } from '../client/lane'
import type { IntentView } from '../client/log_view'
import type { Role, VerdictBody } from '../client/wire'
import { cardOf, cardsOf, LABELS, remedyOf, stopsOffered, toneOf, unsentOf, wordsOf } from './cards'

const known = (...views: IntentView[]) => ({ intents: new Map(views.map((view) => [view.id, view])) })
const log = (views: IntentView[], more: { actor?: string; role?: Role; steps?: Map<string, string[]> } = {}) => ({ ...known(...views), steps: new Map<string, string[]>(), actor: 'Ana', role: 'editor' as Role, ...more })
const verdict = (more: Partial<VerdictBody> = {}): VerdictBody => ({ intent: 'i1', state: 'done', code: 'done', reason: '', ...more })

describe('the board', () => {
  it('has a card for what the agent carries out, the newest sixty first', () => {
    const kinds = (['do', 'override', 'cancel', 'answer', 'approve', 'undo'] as const).map((kind, seq) => viewOf(kind, { kind, seq }))
    expect(cardsOf(known(...kinds)).map((one) => one.id)).toEqual(['undo', 'approve', 'override', 'do'])
    const many = Array.from({ length: 70 }, (_, seq) => viewOf(`i${seq}`, { seq }))
    expect(cardsOf(known(...many)).map((one) => one.seq)).toEqual(Array.from({ length: 60 }, (_, at) => 69 - at))
  })

  it('shows what waits to be sent until it is on the board', () => {
    const pending = ['a', 'b', ''].map((text, at): IntentMessage => ({ type: 'intent', n: at + 1, kind: 'do', text, seen: 0 }))
    expect(unsentOf(pending, known()).map((one) => one.text)).toEqual(['a', 'b'])
    expect(unsentOf(pending, known(viewOf('i1', { text: 'a', mine: true }))).map((one) => one.text)).toEqual(['b'])
    expect(unsentOf(pending, known(viewOf('i1', { text: 'a' }), viewOf('i2', { text: 'b', mine: true, state: 'done' })))).toHaveLength(2)
  })

  it('offers to stop several at once, one’s own apart where there are others', () => {
    const [own, more, other] = [viewOf('i1'), viewOf('i2'), viewOf('i3', { actor: 'Ben' })]
    expect(stopsOffered([own!], 'Ana')).toEqual({ mine: 0, all: 0 })
    expect(stopsOffered([own!, more!], 'Ana')).toEqual({ mine: 2, all: 0 })
    expect(stopsOffered([own!, other!], 'Ana')).toEqual({ mine: 0, all: 2 })
    expect(stopsOffered([own!, more!, other!], 'Ana')).toEqual({ mine: 2, all: 3 })
  })
})

describe('an instruction in words', () => {
  it('is what it is about, where that is known', () => {
    const done = viewOf('i1', { text: 'add a line', verdict: verdict({ commit: 'c1' }) })
    expect(wordsOf(known(done), viewOf('u', { kind: 'undo', refs: ['c1'] }))).toBe('Take back: add a line')
    expect(wordsOf(known(done), viewOf('u', { kind: 'undo', refs: ['c2'] }))).toBe('Take back: c2')
    expect(wordsOf(known(done), viewOf('a', { kind: 'approve', refs: ['i1'] }))).toBe('Run: add a line')
    expect(wordsOf(known(done), viewOf('i2', { text: 'own words', refs: ['i1'] }))).toBe('own words')
  })
})

describe('a card', () => {
  it('says whose it is and where it stands', () => {
    const at = log([])
    expect(cardOf(at, viewOf('i1', { actor: 'Ana' })).author).toBe('You')
    expect(cardOf(at, viewOf('i1', { actor: 'Ben' })).author).toBe('Ben')
    expect(cardOf(at, viewOf('i1', { actor: 'Ben', mine: true })).author).toBe('You')
    expect(cardOf(at, viewOf('i1', { state: 'superseded' })).state).toBe(LABELS.superseded)
    expect(cardOf(at, viewOf('i1', { state: 'done', verdict: verdict({ code: 'unchanged' }) })).state).toBe('nothing changed')
  })

  it('names each author it waits for once, while it is live', () => {
    const others = [viewOf('i2', { actor: 'Ben' }), viewOf('i3', { actor: 'Ben' })]
    const one = viewOf('i1', { state: 'held', waitsFor: ['i2', 'i3', 'i9'], reason: 'asked' })
    expect(cardOf(log(others), one).waits).toBe('waits for Ben and i9')
    expect(cardOf(log(others), { ...one, state: 'done' }).waits).toBe('')
  })

  it('notes a reason only where nothing else says why it stands', () => {
    const one = viewOf('i1', { state: 'queued', reason: 'The agent is stopped.' })
    expect(cardOf(log([]), one).note).toBe('The agent is stopped.')
    expect(cardOf(log([]), { ...one, waitsFor: ['i2'] }).note).toBe('')
    expect(cardOf(log([]), { ...one, state: 'held' }).note).toBe('')
    expect(cardOf(log([]), { ...one, state: 'done' }).note).toBe('')
    expect(cardOf(log([], { steps: new Map([['i1', ['Reads.']]]) }), one)).toMatchObject({ note: '', steps: ['Reads.'] })
  })

  it('says what it adds to and what has taken its place', () => {
    const first = viewOf('i1', { text: 'x'.repeat(99) })
    const steer = viewOf('i2', { refs: ['i1'], actor: 'Ben', replacedBy: 'i1' })
    expect(cardOf(log([first]), steer)).toMatchObject({ joins: `adds to your “${'x'.repeat(60)}”`, replaced: `Your “${'x'.repeat(60)}” has taken its place.` })
    expect(cardOf(log([first], { actor: 'Ben' }), { ...steer, kind: 'override' })).toMatchObject({ joins: '', replaced: `Ana’s “${'x'.repeat(60)}” has taken its place.` })
  })

  it('can be added to while the agent works on it, by whoever may instruct', () => {
    const may = (more: Partial<IntentView>, role: Role = 'commenter') => cardOf(log([], { role }), viewOf('i1', more)).maySteer
    expect([may({ state: 'planning' }), may({ state: 'ready' }), may({ state: 'queued' }), may({ state: 'done' })]).toEqual([true, true, false, false])
    expect([may({ state: 'planning', kind: 'approve' }), may({ state: 'planning' }, 'viewer')]).toEqual([false, false])
  })
})

describe('a verdict', () => {
  it('is good where something was done, and says what can be done about it where it was not', () => {
    expect((['done', 'merged', 'overruled', 'failed'] as const).map((state) => toneOf({ state }))).toEqual(['good', 'good', 'bad', 'bad'])
    expect([remedyOf({ state: 'done', remedy: 'x' }), remedyOf({ state: 'merged', remedy: 'x' }), remedyOf({ state: 'failed' })]).toEqual(['', 'x', ''])
  })
})
