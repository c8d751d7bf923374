// Unmodified yjs and y-websocket in node: as many people as one asks for, each with the same desk as the pages.
// Orders come as JSON lines of code, answers carry the number of their order.
import { createInterface } from 'node:readline'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { everything, faults } from './pages/shape.js'

const copied = (update, roots) => {
  const copy = new Y.Doc()
  Y.applyUpdate(copy, update)
  return everything(copy, roots)
}

const seat = ({ url, name, token, kind }) => {
  const roots = { text: [['content', Y.Text]], data: [['data', Y.Map]], rich: [['default', Y.XmlFragment]] }[kind]
  const doc = new Y.Doc()
  const root = doc.get(...roots[0])
  const undoManager = new Y.UndoManager(root)
  const provider = new WebsocketProvider(url, name, doc, { WebSocketPolyfill: WebSocket, protocols: ['folkmoot', `token.${token}`], disableBc: true })
  const closes = []
  provider.on('connection-close', (event) => closes.push([event?.code ?? 0, event?.reason ?? '']))
  const desk = {
    closes,
    holds: () => copied(Y.encodeStateAsUpdate(doc), roots),
    reads: (encoded) => copied(Buffer.from(encoded, 'base64'), roots),
    faults: () => faults(doc),
    state: () => ({ connected: provider.wsconnected, synced: provider.synced, closes: closes.length }),
    words: () => JSON.stringify(JSON.parse(everything(doc, roots)).roots[0][1]),
  }
  return { desk, Y, doc, root, provider, undoManager }
}

const seats = new Map()
const Code = Object.getPrototypeOf(async () => {}).constructor
const obey = async ({ at, open, leave, code, given }) => {
  if (open) return void seats.set(at, seat(open))
  const parts = seats.get(at)
  if (leave) return void (parts.provider.destroy(), seats.delete(at))
  return new Code('given', ...Object.keys(parts), code)(given, ...Object.values(parts))
}
createInterface({ input: process.stdin }).on('line', async (line) => {
  const order = JSON.parse(line)
  const answer = await obey(order).then((value) => ({ value }), (error) => ({ error: String(error?.stack ?? error) }))
  process.stdout.write(`${JSON.stringify({ id: order.id, ...answer })}\n`)
})
