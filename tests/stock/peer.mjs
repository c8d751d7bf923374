// One unmodified y-websocket client, driven by JSON lines on standard input; answers on standard output.
import { createInterface } from 'node:readline'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

const [url, name, token] = process.argv.slice(2)
const doc = new Y.Doc()
const text = doc.getText('content')
const provider = new WebsocketProvider(url, name, doc, {
  WebSocketPolyfill: WebSocket,
  protocols: ['folkmoot', `token.${token}`],
  disableBc: true,
})
provider.awareness.setLocalStateField('user', { name: 'a stock client', color: '#123456' })
let closes = 0
const codes = []
const kinds = new Set()
const watch = () => {
  provider.ws?.addEventListener('message', (event) => kinds.add(typeof event.data === 'string' ? 'text' : new Uint8Array(event.data)[0]))
}
provider.on('status', ({ status }) => status === 'connected' && watch())
provider.on('connection-close', (event) => {
  closes += 1
  codes.push([event?.code, event?.reason])
})
if (provider.ws) watch()

// As every editor does: never between the two halves of a surrogate pair.
const whole = (at) => (/[\udc00-\udfff]/.test(text.toString()[at] ?? '') ? at - 1 : at)
const commands = {
  insert: ({ at, words }) => text.insert(whole(Math.min(at, text.length)), words),
  delete: ({ at, count }) => {
    const start = whole(Math.min(at, text.length))
    const end = whole(Math.min(start + count, text.length))
    if (end > start) text.delete(start, end - start)
  },
  offline: () => provider.disconnect(),
  online: () => provider.connect(),
  patches: ({ patches }) => doc.transact(() => {
    for (const [at, count, words] of patches) {
      if (count) text.delete(at, count)
      if (words) text.insert(at, words)
    }
  }),
  // What an application says of itself beyond its user: any field, of any size.
  present: ({ field, value, size }) => provider.awareness.setLocalStateField(field, size ? 'x'.repeat(size) : value),
  half: ({ field }) => provider.awareness.setLocalStateField(field, 'cut \ud83d'),
  // A throttled tab: nothing is renewed any more, messages are still answered.
  throttle: () => clearInterval(provider.awareness._checkInterval),
  others: () => [...provider.awareness.getStates()].filter(([id]) => id !== doc.clientID).map(([id, state]) => ({ id, state })),
  own: () => ({ id: doc.clientID, state: provider.awareness.getLocalState(), clock: provider.awareness.meta.get(doc.clientID).clock }),
  state: () => ({
    text: text.toString(),
    synced: provider.synced,
    connected: provider.wsconnected,
    people: [...provider.awareness.getStates().values()].map((state) => state.user ?? null),
    closes,
    codes,
    wants: provider.shouldConnect,
    kinds: [...kinds],
    unacked: doc.store.pendingStructs !== null,
  }),
  stop: () => process.exit(0),
}
createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line)
  const answer = commands[command.do](command)
  process.stdout.write(`${JSON.stringify(answer ?? null)}\n`)
})
