// Somebody's hand on an unmodified y-websocket client: orders come as JSON lines, every state of the document goes out as one.
import { createInterface } from 'node:readline'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

const [url, name, token, kind] = process.argv.slice(2)
const doc = new Y.Doc()
const root = kind === 'text' ? doc.getText('content') : doc.getMap('data')
const provider = new WebsocketProvider(url, name, doc, {
  WebSocketPolyfill: WebSocket,
  protocols: ['folkmoot', `token.${token}`],
  disableBc: true,
})
const show = () => process.stdout.write(`${JSON.stringify({ value: root.toJSON(), synced: provider.synced })}\n`)
doc.on('update', show)
provider.on('sync', show)

const orders = {
  // As a person does: the caret stands behind these words, wherever they are by now.
  type: ({ behind, words }) => {
    const at = root.toString().indexOf(behind)
    if (at < 0) throw new Error(`nowhere: ${behind}`)
    root.insert(at + behind.length, words)
  },
  set: ({ key, value }) => root.set(key, value),
}
createInterface({ input: process.stdin }).on('line', (line) => {
  const order = JSON.parse(line)
  orders[order.do](order)
})
