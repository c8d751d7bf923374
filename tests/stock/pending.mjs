// An unmodified y-websocket client that got an edit out of order, from a neighbour the server has never heard of.
import { createInterface } from 'node:readline'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

const [url, name, token] = process.argv.slice(2)
const doc = new Y.Doc()
const text = doc.getText('content')
const neighbour = new Y.Doc()
neighbour.getText('content').insert(0, 'first ')
const first = Y.encodeStateAsUpdate(neighbour)
const known = Y.encodeStateVector(neighbour)
neighbour.getText('content').insert(6, 'second ')
const second = Y.encodeStateAsUpdate(neighbour, known)
Y.applyUpdate(doc, second, 'a broadcast channel')

const provider = new WebsocketProvider(url, name, doc, {
  WebSocketPolyfill: WebSocket,
  protocols: ['folkmoot', `token.${token}`],
  disableBc: true,
})
let closes = 0
let asked = 0
let received = 0
provider.on('status', ({ status }) => {
  if (status !== 'connected') return
  provider.ws.addEventListener('message', (event) => {
    const frame = new Uint8Array(event.data)
    received += 1
    if (frame[0] === 0 && frame[1] === 0) asked += 1
  })
})
provider.on('connection-close', () => (closes += 1))
const orders = {
  type: ({ words }) => text.insert(text.length, words),
  // The edit that was missing arrives.
  heal: () => Y.applyUpdate(doc, first, 'a broadcast channel'),
  state: () => ({
    text: text.toString(), synced: provider.synced, connected: provider.wsconnected, closes, asked, received,
    waits: doc.store.pendingStructs !== null,
  }),
}
createInterface({ input: process.stdin }).on('line', (line) => {
  const order = JSON.parse(line)
  process.stdout.write(`${JSON.stringify(orders[order.do](order) ?? null)}\n`)
})
