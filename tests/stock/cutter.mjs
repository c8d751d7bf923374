// A y-websocket client that edits as it is told, between the halves of a character too: whatever Yjs lets it do.
import { createInterface } from 'node:readline'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

const [url, name, token, id] = process.argv.slice(2)
for (const log of ['log', 'warn', 'error']) console[log] = () => {}
const doc = new Y.Doc()
if (id) doc.clientID = Number(id)
const text = doc.getText('content')
const provider = new WebsocketProvider(url, name, doc, {
  WebSocketPolyfill: WebSocket,
  protocols: token ? ['folkmoot', `token.${token}`] : [],
  disableBc: true,
})
const units = () => text.toDelta().map(({ insert }) => (typeof insert === 'string' ? insert : '\ufffc')).join('')
const whole = (at) => (/[\udc00-\udfff]/.test(units()[at] ?? '') ? at - 1 : at)
const within = (at) => at % (text.length + 1)
const edits = {
  insert: (at, what) => text.insert(within(at), what),
  embed: (at, what) => text.insertEmbed(within(at), what),
  delete: (at, count) => text.length && text.delete(at % text.length, Math.min(count, text.length - (at % text.length))),
  // Not inside a character: where a mark changes nothing, Yjs cuts the character all the same and tells nobody.
  mark: (at, count, marks) => {
    const [start, end] = [whole(at % text.length), whole(Math.min((at % text.length) + count, text.length))]
    if (end > start) text.format(start, end - start, marks)
  },
}
const commands = {
  edit: ({ edits: asked }) => doc.transact(() => { for (const [what, ...more] of asked) edits[what](...more) }),
  offline: () => provider.disconnect(),
  online: () => provider.connect(),
  state: () => ({
    delta: text.toDelta(),
    held: Object.fromEntries([...Y.decodeStateVector(Y.encodeStateVector(doc))].sort(([left], [right]) => left - right)),
    synced: provider.synced,
    waits: doc.store.pendingStructs !== null || doc.store.pendingDs !== null,
  }),
}
createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line)
  process.stdout.write(`${JSON.stringify(commands[command.do](command) ?? null)}\n`)
}).on('close', () => process.exit(0))
