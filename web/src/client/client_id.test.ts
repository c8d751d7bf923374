import { describe, expect, it } from 'vitest'
import { Awareness } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { drawAgain, isAhead, SERVER_IDS } from './client_id'

function drawn(id: number) {
  const doc = new Y.Doc()
  doc.clientID = id
  return doc
}

describe('a document that drew an id of the server', () => {
  it('draws again before it writes, and says who it is under the new one', () => {
    const doc = drawn(SERVER_IDS - 1)
    const awareness = new Awareness(doc)
    awareness.setLocalStateField('user', { name: 'Ana' })
    drawAgain({ doc, awareness })
    expect(doc.clientID).toBeGreaterThanOrEqual(SERVER_IDS)
    expect(awareness.clientID).toBe(doc.clientID)
    expect([...awareness.getStates()]).toEqual([[doc.clientID, { user: { name: 'Ana' } }]])
    awareness.destroy()
  })

  it('keeps one of its own, and one under which it has written', () => {
    const own = drawn(SERVER_IDS)
    const written = drawn(7)
    written.getText('content').insert(0, 'x')
    for (const doc of [own, written]) {
      const awareness = new Awareness(doc)
      drawAgain({ doc, awareness })
      awareness.destroy()
    }
    expect([own.clientID, written.clientID]).toEqual([SERVER_IDS, 7])
  })
})

describe('a document', () => {
  it('is ahead of a record that covers a part of its own edits, and of no record of others', () => {
    const doc = drawn(99_999)
    doc.getText('content').insert(0, 'four')
    expect(isAhead(doc, [[5, 0, 1], [99_999, 0, 3]])).toBe(true)
    expect(isAhead(doc, [[99_999, 0, 4]])).toBe(false)
    expect(isAhead(doc, [[5, 0, 1]])).toBe(false)
  })
})
