// Stock yjs as a judge: reads one JSON request a line, answers with one line. Nothing of Folkmoot is in here.
//   {"make": CODE}                      CODE gets Y and a function `send(update)`; returns the updates it sent
//   {"updates": [BASE64], "kind": KIND} what a fresh document holds after these updates
import { createInterface } from 'node:readline'
import * as Y from 'yjs'

const encode = (bytes) => Buffer.from(bytes).toString('base64')
const decode = (text) => new Uint8Array(Buffer.from(text, 'base64'))

// JSON lacks these; the tags are those of docs/values.md.
const tagged = (value) => {
  if (typeof value === 'bigint') return { '~bigint': String(value) }
  if (typeof value === 'number' && !Number.isFinite(value)) return { '~number': String(value) }
  if (value instanceof Uint8Array) return { '~bytes': encode(value) }
  if (value === undefined) return null
  if (value instanceof Y.Map) return plain(Object.fromEntries([...value.entries()].map(([key, part]) => [key, tagged(part)])))
  if (value instanceof Y.Array) return value.toArray().map(tagged)
  if (value instanceof Y.XmlText || value instanceof Y.Text) return words(value)
  if (value instanceof Y.XmlFragment) return { '~xml': 'xml' }
  if (value instanceof Y.Doc) return { '~doc': true }
  if (Array.isArray(value)) return value.map(tagged)
  if (value !== null && typeof value === 'object') return plain(Object.fromEntries(Object.entries(value).map(([key, part]) => [key, tagged(part)])))
  return value
}
const plain = (object) => {
  const keys = Object.keys(object)
  return keys.length === 1 && /^~+(bytes|number|bigint|xml|deep)$/.test(keys[0]) ? { ['~' + keys[0]]: object[keys[0]] } : object
}
const words = (text) => text.toDelta().filter(({ insert }) => typeof insert === 'string').map(({ insert }) => insert).join('')

const look = ({ updates, kind }) => {
  const doc = new Y.Doc()
  for (const update of updates) Y.applyUpdate(doc, decode(update))
  const value =
    kind === 'text'
      ? doc.getText('content').toDelta().map(({ insert, attributes }) => [typeof insert === 'string' ? insert : null, attributes ?? null])
      : kind === 'data'
        ? tagged(doc.getMap('data'))
        : doc.getXmlFragment('default').toString()
  return {
    value,
    pending: doc.store.pendingStructs !== null || doc.store.pendingDs !== null,
    vector: encode(Y.encodeStateVector(doc)),
    state: encode(Y.encodeStateAsUpdate(doc)),
  }
}

const make = ({ make: code }) => {
  const updates = []
  new Function('Y', 'send', code)(Y, (update) => updates.push(encode(update)))
  return { updates }
}

createInterface({ input: process.stdin }).on('line', (line) => {
  let answer
  try {
    const request = JSON.parse(line)
    answer = request.make ? make(request) : look(request)
  } catch (error) {
    answer = { error: String(error?.stack ?? error) }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
})
