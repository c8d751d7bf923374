import { describe, expect, it } from 'vitest'
import { silentRoom } from './fixtures'
import { Inbox } from './inbox'
import type { InboxEntry, InboxMessage, VerdictBody } from './wire'

const entry = (id: string, verdict: Partial<VerdictBody> = {}): InboxEntry => ({
  id,
  seq: 1,
  at: '',
  kind: 'do',
  text: id,
  refs: [],
  verdict: { intent: id, state: 'rejected', code: 'planner', reason: '', ...verdict },
  verdict_seq: 9,
  undone_by: '',
})
const whole = (ids: string[], more = 0): InboxMessage => ({ type: 'inbox', intents: ids.map((id) => entry(id)), more, whole: true })
const fresh = (one: InboxEntry): InboxMessage => ({ type: 'inbox', intents: [one], more: 0, whole: false })

function inbox(isExpected?: (entry: InboxEntry) => boolean) {
  const sent: string[][] = []
  const made = new Inbox((ids) => void sent.push(ids), isExpected)
  return { made, sent, waiting: () => made.waiting.map((one) => one.id) }
}

describe('an inbox', () => {
  it('is what the server says, with what has just ended in front, once', () => {
    const at = inbox()
    at.made.take(whole(['i2', 'i1'], 7))
    at.made.take(fresh(entry('i3')))
    at.made.take(fresh(entry('i3')))
    expect([at.waiting(), at.made.more]).toEqual([['i3', 'i2', 'i1'], 7])
    at.made.take(whole(['i3']))
    expect([at.waiting(), at.made.more]).toEqual([['i3'], 0])
  })

  it('forgets at once what was acknowledged, and an answer that crossed does not bring it back', () => {
    const at = inbox()
    at.made.take(whole(['i2', 'i1']))
    at.made.acknowledge(['i2', 'i2', 'i9'])
    expect([at.waiting(), at.sent]).toEqual([['i1'], [['i2']]])
    at.made.take(whole(['i2', 'i1']))
    expect(at.waiting()).toEqual(['i1'])
    at.made.acknowledge(['i2'])
    expect(at.sent).toEqual([['i2']])
  })

  it('says again after a lost connection what the server has not kept, and nothing else', () => {
    const at = inbox()
    at.made.take(whole(['i2', 'i1']))
    at.made.acknowledge(['i2'])
    at.made.again()
    at.made.take(whole(['i1']))
    at.made.again()
    expect(at.sent).toEqual([['i2'], ['i2']])
  })

  it('shows again what the server did not take', () => {
    const at = inbox()
    at.made.take(whole(['i1']))
    at.made.acknowledge(['i1'])
    at.made.refused()
    expect(at.waiting()).toEqual(['i1'])
  })

  it('takes what was expected as read where its author looks, and only what arrives then', () => {
    const at = inbox((one) => one.verdict.state === 'done')
    at.made.take(fresh(entry('i1', { state: 'done' })))
    at.made.isWatched = () => true
    at.made.take(whole(['i1']))
    at.made.take(fresh(entry('i2')))
    at.made.take(fresh(entry('i3', { state: 'done' })))
    expect([at.waiting(), at.sent]).toEqual([['i2', 'i1'], [['i3']]])
  })
})

describe('what is expected in a room', () => {
  const { room, tell, record, intent } = silentRoom('Ana', 'editor')
  room.inbox.isWatched = () => true
  for (const [id, by] of [['i1', 'Ana'], ['i2', 'Ana'], ['i3', 'Ana'], ['i4', 'Ana'], ['c1', 'Ana'], ['c2', 'Olga']] as const)
    intent(id, by, 'editor', { kind: id.startsWith('c') ? 'cancel' : 'do' })
  record('plan', 'agent', { intents: ['i1', 'i2'], summary: 'Added it.' })

  it('is done just as planned, or ended by the own hand; a note, or another hand, waits', () => {
    tell(fresh(entry('i1', { state: 'done', code: 'done', reason: 'Added it.' })))
    tell(fresh(entry('i2', { state: 'done', code: 'done', reason: 'Added it. Ben had typed there.' })))
    tell(fresh(entry('i3', { state: 'cancelled', by: 'c1' })))
    tell(fresh(entry('i4', { state: 'cancelled', by: 'c2' })))
    expect(room.inbox.waiting.map((one) => one.id)).toEqual(['i4', 'i2'])
  })
})
