// One unmodified yjs and y-websocket in node, with the same desk as the pages; orders come as JSON lines of code.
import { createInterface } from 'node:readline'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { everything, faults } from './pages/shape.js'

const [url, name, token, kind] = process.argv.slice(2)
const roots = { text: [['content', Y.Text]], data: [['data', Y.Map]], rich: [['default', Y.XmlFragment]] }[kind]
const doc = new Y.Doc()
const root = doc.get(...roots[0])
const undoManager = new Y.UndoManager(root)
const provider = new WebsocketProvider(url, name, doc, { WebSocketPolyfill: WebSocket, protocols: ['folkmoot', `token.${token}`], disableBc: true })
const closes = []
provider.on('connection-close', (event) => closes.push([event?.code ?? 0, event?.reason ?? '']))
const copied = (update) => {
  const copy = new Y.Doc()
  Y.applyUpdate(copy, update)
  return everything(copy, roots)
}
const desk = {
  closes,
  holds: () => copied(Y.encodeStateAsUpdate(doc)),
  reads: (encoded) => copied(Buffer.from(encoded, 'base64')),
  faults: () => faults(doc),
  state: () => ({ connected: provider.wsconnected, synced: provider.synced, closes: closes.length }),
  words: () => JSON.stringify(JSON.parse(everything(doc, roots)).roots[0][1]),
}
const Code = Object.getPrototypeOf(async () => {}).constructor
createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, code, given } = JSON.parse(line)
  let answer
  try {
    answer = { id, value: await new Code('desk', 'given', 'Y', 'doc', 'root', 'provider', 'undoManager', code)(desk, given, Y, doc, root, provider, undoManager) }
  } catch (error) {
    answer = { id, error: String(error?.stack ?? error) }
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
})
