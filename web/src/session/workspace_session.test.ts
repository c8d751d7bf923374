import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it } from 'vitest'
import { storeOf } from '../client/fixtures'
import { NOTHING_WRITTEN } from '../panels/composition'
import { browserOf, cupboardOf, SilentSocket, until } from './fixtures'
import { Tab, type Surroundings } from './tab'
import { Session } from './workspace_session'

beforeEach(() => SilentSocket.install())
let browsers = 0

/** A browser in which pages of one person are opened, closed and opened again. */
function browser() {
  const cupboard = cupboardOf()
  const ws = `demo${(browsers += 1)}`
  const open = async (around: Surroundings, kept = new Map<string, string>(), actor = 'Ana') => {
    const tab = await Tab.claim(storeOf(kept), around)
    const session = new Session({
      place: ws, actor, seq: 0, ids: { plan: 'plan' }, cupboard, tab, socketUrl: `ws://here/ws/${ws}`, protocols: () => ['folkmoot'],
      user: () => ({}), role: () => 'editor', host: new EventTarget(), isVisible: () => true, now: () => 1,
    })
    await session.takeOver((id) => ({ id, name: id, kind: 'text' }))
    return session
  }
  return { open, cupboard }
}
const plan = { id: 'plan', name: 'plan', kind: 'text' } as const

describe('a session', () => {
  it('has half an instruction again after a reload, with what its author had seen', async () => {
    const { open } = browser()
    const kept = new Map<string, string>()
    const first = await open(browserOf(true), kept)
    first.room.compose()
    first.write({ ...NOTHING_WRITTEN, words: 'half an instr', scope: { doc: 'plan' } })
    const again = await open(browserOf(true), kept)
    expect([again.composition.words, again.room.lane.composing]).toEqual(['half an instr', first.room.lane.composing])
  })

  it('has it on another page once its own is closed, and not before', async () => {
    const { open } = browser()
    const around = browserOf(true)
    const first = await open(around)
    first.write({ ...NOTHING_WRITTEN, words: 'half', scope: { doc: 'plan' } })
    expect((await open(around)).composition.words).toBe('')
    // All pages are closed: a browser whose locks nobody holds.
    expect((await open(browserOf(true))).composition.words).toBe('half')
  })

  it('tells whether anything is not on the server’s disk', async () => {
    const { open } = browser()
    const session = await open(browserOf(true))
    session.open(plan)
    expect(session.hasUnsaved).toBe(false)
    session.room.intent('do it')
    expect(session.hasUnsaved).toBe(true)
    session.room.lane.acked(1)
    session.room.provider.doc.getText('content').insert(0, 'x')
    expect(session.hasUnsaved).toBe(true)
  })

  it('keeps documents alive that a page that is gone has left unsaved', async () => {
    const { open } = browser()
    const first = await open(browserOf(true))
    const live = first.open(plan)
    await until(() => live.isLoaded)
    live.provider.doc.getText('content').insert(0, 'typed')
    await new Promise((resolve) => setTimeout(resolve, 50))
    const next = await open(browserOf(true))
    expect(next.documents.all.map(({ id }) => id)).toEqual(['plan'])
    const woken = next.documents.all[0]!
    await until(() => woken.isLoaded)
    expect(woken.link.unsaved).toBe(true)
  })

  it('leaves what is another person’s alone', async () => {
    const { open } = browser()
    const ana = await open(browserOf(true))
    ana.write({ ...NOTHING_WRITTEN, words: 'Ana’s', scope: { doc: 'plan' } })
    ana.room.intent('Ana’s own')
    const ben = await open(browserOf(true), new Map(), 'Ben')
    expect([ben.composition.words, ben.room.lane.pending, ben.documents.all]).toEqual(['', [], []])
  })

  it('shows again what the server did not take, until its author has put it away', async () => {
    const { open } = browser()
    const kept = new Map<string, string>()
    const first = await open(browserOf(true), kept)
    first.room.refused({ what: 'intent', n: 1, text: 'no', code: 'forbidden', reason: 'not you', remedy: '' })
    await until(() => first.shelf.names('problems:').length === 1)
    const again = await open(browserOf(true), kept)
    expect(again.room.problems).toMatchObject([{ text: 'no', problem: 'not you' }])
    again.room.dismiss(again.room.problems[0]!)
    await until(() => again.shelf.names('problems:').length === 0)
  })
})
