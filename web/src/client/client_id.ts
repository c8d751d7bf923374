/** The ids under which a document's edits are known; the low ones are the server's own. No DOM. */
import type { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

/** Yjs ids below this are the server's own: one new document in 65,536 draws one of them. */
export const SERVER_IDS = 65_536

/** Give a document that has written nothing yet an id of its own, where it drew one of the server's. */
export function drawAgain({ doc, awareness }: Pick<WebsocketProvider, 'doc' | 'awareness'>): void {
  if (doc.clientID >= SERVER_IDS || Y.getState(doc.store, doc.clientID) > 0) return
  const state = awareness?.getLocalState() ?? null
  awareness?.setLocalState(null)
  while (doc.clientID < SERVER_IDS) doc.clientID = Math.floor(Math.random() * 2 ** 32)
  if (!awareness) return
  awareness.clientID = doc.clientID
  awareness.setLocalState(state)
}

/** Whether a document holds own edits beyond those that a record of an update covers. */
export function isAhead(doc: Y.Doc, spans: [client: number, first: number, end: number][]): boolean {
  const known = spans.find(([client]) => client === doc.clientID)
  return known !== undefined && known[2] < Y.getState(doc.store, doc.clientID)
}
