import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { PendingEdits } from './pending_edits'

/** A replica whose own writing is counted, and the updates that it made. */
function replica() {
  const doc = new Y.Doc()
  const pending = new PendingEdits()
  const updates: Uint8Array[] = []
  doc.on('afterTransaction', (transaction: Y.Transaction) => {
    if (transaction.origin !== 'server') pending.wrote(transaction)
  })
  doc.on('update', (update: Uint8Array) => updates.push(update))
  return { doc, text: doc.getText('content'), pending, updates }
}

describe('edits that are not durable', () => {
  it('are all that was inserted, until a record covers it', () => {
    const { doc, text, pending } = replica()
    expect(pending.isEmpty).toBe(true)
    text.insert(0, 'hello')
    pending.recorded([[doc.clientID, 0, 3]])
    expect(pending.isEmpty).toBe(false)
    pending.recorded([[doc.clientID, 3, 5]])
    expect(pending.isEmpty).toBe(true)
  })

  it('are deletions, too, which no state vector tells of', () => {
    const { doc, text, pending } = replica()
    text.insert(0, 'hello')
    pending.reached(new Map([[doc.clientID, 5]]))
    expect(pending.isEmpty).toBe(true)
    text.delete(1, 2)
    pending.recorded([[doc.clientID, 0, 5]])
    expect(pending.isEmpty).toBe(false)
    pending.recorded([], [[doc.clientID, 1, 2]])
    expect(pending.isEmpty).toBe(false)
    pending.recorded([], [[doc.clientID, 2, 3]])
    expect(pending.isEmpty).toBe(true)
  })

  it('end where the server itself sends them: somebody else has deleted the same', () => {
    const ana = replica()
    const ben = new Y.Doc()
    ana.text.insert(0, 'hello')
    for (const update of ana.updates) Y.applyUpdate(ben, update)
    ana.pending.reached(Y.decodeStateVector(Y.encodeStateVector(ben)))
    ana.text.delete(0, 2)
    const before = Y.encodeStateVector(ben)
    ben.getText('content').delete(0, 2)
    ana.pending.sent(Y.encodeStateAsUpdate(ben, before))
    expect(ana.pending.isEmpty).toBe(true)
  })

  it('are known one by one where they come from several clients', () => {
    const { doc, text, pending } = replica()
    const other = new Y.Doc()
    other.getText('content').insert(0, 'kept elsewhere')
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(other))
    text.insert(0, 'x')
    pending.reached(new Map([[doc.clientID, 1]]))
    expect(pending.isEmpty).toBe(false)
    pending.reached(new Map([[other.clientID, 14]]))
    expect(pending.isEmpty).toBe(true)
  })

  it('are none where they came from the server', () => {
    const { doc, pending } = replica()
    const other = new Y.Doc()
    other.getText('content').insert(0, 'theirs')
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(other), 'server')
    expect(pending.isEmpty).toBe(true)
  })

  it('are told apart where the server takes them back', () => {
    const { doc, text, pending, updates } = replica()
    text.insert(0, 'mine')
    const server = new Y.Doc()
    for (const update of updates) Y.applyUpdate(server, update)
    const before = Y.encodeStateVector(server)
    server.getText('content').delete(0, 4)
    const answer = Y.encodeStateAsUpdate(server, before)
    expect(pending.isTakenBack(answer)).toBe(true)
    pending.reached(new Map([[doc.clientID, 4]]))
    expect(pending.isTakenBack(answer)).toBe(false)
  })
})
