// A y-websocket client that brings a document of many years with it, and is away now and then.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

const [url, name, token, file] = process.argv.slice(2)
for (const log of ['log', 'warn', 'error']) console[log] = () => {}
const doc = new Y.Doc()
const text = doc.getText('content')
if (file) Y.applyUpdate(doc, new Uint8Array(readFileSync(file)))
const provider = new WebsocketProvider(url, name, doc, {
  WebSocketPolyfill: WebSocket,
  protocols: ['folkmoot', `token.${token}`],
  disableBc: true,
})
const codes = []
provider.on('connection-close', (event) => codes.push(event?.code ?? 0))
const commands = {
  type: ({ words }) => text.insert(0, words),
  offline: () => provider.disconnect(),
  online: () => provider.connect(),
  state: () => {
    const words = text.toString()
    const deleted = [...Y.createDeleteSetFromStructStore(doc.store).clients.values()].reduce((sum, ranges) => sum + ranges.length, 0)
    return {
      digest: createHash('sha256').update(words).digest('hex'),
      head: words.slice(0, 40),
      length: words.length,
      clients: doc.store.clients.size,
      deleted,
      synced: provider.synced,
      waits: doc.store.pendingStructs !== null || doc.store.pendingDs !== null,
      codes,
    }
  },
}
createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line)
  process.stdout.write(`${JSON.stringify(commands[command.do](command) ?? null)}\n`)
}).on('close', () => process.exit(0))
