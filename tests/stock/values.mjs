// Values that JSON cannot say, by an unmodified y-websocket client: it writes them, and reads each with its kind.
import { createInterface } from 'node:readline'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

const [url, name, token] = process.argv.slice(2)
const doc = new Y.Doc()
const root = doc.getMap('data')
const provider = new WebsocketProvider(url, name, doc, { WebSocketPolyfill: WebSocket, protocols: ['folkmoot', `token.${token}`], disableBc: true })

/** A value with its kind, so that nothing that differs looks the same. */
function exact(value) {
  if (value instanceof Y.Text) return ['shared text', value.toDelta()]
  if (value instanceof Y.XmlFragment) return ['xml', value.toString()]
  if (value instanceof Y.Array) return ['shared list', value.toArray().map(exact)]
  if (value instanceof Y.Map) return ['shared object', Object.fromEntries([...value.entries()].sort().map(([key, part]) => [key, exact(part)]))]
  if (value instanceof Uint8Array) return ['bytes', [...value]]
  if (Array.isArray(value)) return ['list', value.map(exact)]
  if (value && typeof value === 'object') return ['object', Object.keys(value).map((key) => [key, exact(value[key])])]
  return [typeof value, Object.is(value, -0) ? '-0' : String(value)]
}
function element() {
  const xml = new Y.XmlElement('p')
  xml.setAttribute('class', 'a')
  xml.insert(0, [new Y.XmlText('in XML')])
  return xml
}
const commands = {
  write: () => doc.transact(() => {
    const odd = {
      big: 9007199254740993n, least: -(2n ** 63n), bytes: new Uint8Array([0, 1, 255]), missing: undefined, nothing: null, nan: NaN, endless: -Infinity, zero: -0, tenth: 0.1,
      digits: '12345678901234567890', lines: 'one\r\ntwo\nthree', words: new Y.Text('shared words'), xml: element(), 'a.b': 1, '': 2, constructor: 3, __proto__name: 4,
      plain: { kept: 2n ** 62n, bytes: new Uint8Array([7]), zero: -0, none: undefined, price: 5, inner: { constructor: 1n } }, long: 'x'.repeat(60_000),
      list: Y.Array.from(['first', new Uint8Array([9]), NaN, 'last']), true: true,
    }
    for (const [key, value] of Object.entries(odd)) root.set(key, value)
    root.set('__proto__', 'a name like others')
    let deep = 'bottom'
    for (let level = 0; level < 20; level += 1) deep = { in: deep }
    root.set('deep', deep)
  }),
  many: ({ count }) => doc.transact(() => { for (let at = 0; at < count; at += 1) root.set(`key ${String(at).padStart(5, '0')}`, at) }),
  set: ({ key, value }) => root.set(key, value),
  type: ({ key, at, words }) => root.get(key).insert(at, words),
  exact: () => Object.fromEntries([...root.entries()].map(([key, value]) => [key, exact(value)])),
  state: () => ({ synced: provider.synced }),
}
createInterface({ input: process.stdin }).on('line', (line) => {
  const command = JSON.parse(line)
  process.stdout.write(`${JSON.stringify(commands[command.do](command) ?? null)}\n`)
})
