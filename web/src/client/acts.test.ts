import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { silentRoom } from './fixtures'

describe('an act', () => {
  it('names what its author’s edits are that it depends on; an answer depends on none', () => {
    const { room } = silentRoom('Ana', 'editor')
    room.provider.doc.getText('content').insert(0, 'mine')
    room.intent('do it', { scope: [{ doc: 'plan' }] })
    room.answer('q1', 'yes')
    const [act, answer] = room.lane.pending
    const vector = Uint8Array.from(atob(act!.needs!['plan']!.sv!), (char) => char.charCodeAt(0))
    expect(Y.decodeStateVector(vector).get(room.provider.doc.clientID)).toBe(4)
    expect(answer).toMatchObject({ kind: 'answer', refs: ['q1'], value: 'yes' })
    expect(answer!.needs).toBeUndefined()
  })

  it('is stamped when its author begins, not when it is sent', () => {
    const at = silentRoom('Ana', 'editor')
    at.intent('i1', 'Ben', 'editor')
    at.room.compose()
    at.intent('i2', 'Ben', 'editor')
    expect(at.room.unseen().map(({ id }) => id)).toEqual(at.room.lane.composing! < 1 ? ['i1', 'i2'] : ['i2'])
    const stamp = at.room.lane.composing
    at.room.intent('later')
    expect([at.room.lane.pending[0]?.seen, at.room.lane.composing]).toEqual([stamp, null])
  })

  it('can be put away before it is sent', () => {
    const { room } = silentRoom('Ana', 'editor')
    room.compose()
    room.discard()
    expect([room.lane.composing, room.lane.pending]).toEqual([null, []])
  })

  it('that was refused is shown until its author puts it away', () => {
    const { room, tell } = silentRoom('Ana', 'editor')
    room.intent('no')
    tell({ type: 'nack', n: 1, code: 'forbidden', reason: 'not you' })
    expect(room.problems).toMatchObject([{ text: 'no', problem: 'not you' }])
    room.dismiss(room.problems[0]!)
    expect(room.problems).toEqual([])
  })
})
