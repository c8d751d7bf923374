// What every page does: one document, one unmodified provider, and the two facts that the tests look at from outside.
import { WebsocketProvider } from 'y-websocket'
import { WebsocketProvider as FirstProvider } from 'y-websocket-1'
import * as Y from 'yjs'
import { everything, faults } from './shape.js'

const asked = new URLSearchParams(location.hash.slice(1))
const colors = { Ana: '#b02a37', Ben: '#1c7c54' }
export const person = { name: asked.get('name'), color: colors[asked.get('name')] ?? '#555555' }
export const doc = new Y.Doc()

// Version 1 has no subprotocols: its users put the token into the address. It knows no final close codes either.
const options = { disableBc: true, connect: asked.get('wait') !== 'editor' }
const [url, name, token] = [asked.get('url'), asked.get('doc'), asked.get('token')]
export const provider = asked.get('provider') === '1'
  ? new FirstProvider(url, name, doc, { ...options, params: { token } })
  : new WebsocketProvider(url, name, doc, { ...options, protocols: ['folkmoot', `token.${token}`] })
provider.awareness.setLocalStateField('user', person)

const closes = []
provider.on('connection-close', (event) => closes.push([event?.code ?? 0, event?.reason ?? '']))

let typed = performance.now()
doc.on('update', (_update, _origin, _doc, transaction) => { if (transaction.local) typed = performance.now() })

const document_of = (encoded) => {
  const copy = new Y.Doc()
  Y.applyUpdate(copy, Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0)))
  return copy
}
window.desk = {
  doc,
  provider,
  Y,
  closes,
  roots: [],
  // What this window holds, as it goes over the wire: two windows and the server are compared in this form.
  holds: () => everything(document_of(btoa(Array.from(Y.encodeStateAsUpdate(doc), (byte) => String.fromCharCode(byte)).join(''))), window.desk.roots),
  live: () => everything(doc, window.desk.roots),
  reads: (encoded) => everything(document_of(encoded), window.desk.roots),
  idle: () => performance.now() - typed,
  faults: () => faults(doc),
  state: () => ({ connected: provider.wsconnected, synced: provider.synced, closes: closes.length }),
}

export const opened = (roots) => {
  window.desk.roots = roots
  for (const [root, kind] of roots) doc.get(root, kind)
}
