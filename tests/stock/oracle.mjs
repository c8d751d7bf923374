// Stock yjs as a judge: reads one JSON request a line, answers with one line. Nothing of Folkmoot is in here.
//   {"make": CODE}                      CODE gets Y and a function `send(update)`; returns the updates it sent
//   {"program": {seed, kind, people, steps, skip}} what a random history sends (author.mjs), as [who, update, isWhole]
//   {"updates": [BASE64], "kind": KIND} what a fresh document holds after these updates
import { createInterface } from 'node:readline'
import * as Y from 'yjs'
import { program } from './author.mjs'

// What Yjs prints is not for whoever asks.
for (const name of ['log', 'warn', 'error']) console[name] = () => {}

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

// Every unit that people see, in its place, by id: what two replicas must have in common whatever they read it as.
const seen = (type, depth = 0) => {
  const units = (item) => (item.content instanceof Y.ContentType ? [item.id.client, item.id.clock, seen(item.content.type, depth + 1)] : [item.id.client, item.id.clock, item.length])
  const list = []
  for (let item = type._start; item !== null; item = item.right) {
    if (item.deleted || item.content instanceof Y.ContentFormat) continue
    const [last, next] = [list.at(-1), units(item)]
    if (last && typeof last[2] === 'number' && typeof next[2] === 'number' && last[0] === next[0] && last[1] + last[2] === next[1]) last[2] += next[2]
    else list.push(next)
  }
  const keys = [...type._map].filter(([, item]) => !item.deleted).map(([key, item]) => [key, units(item)])
  return [list, keys.sort(([left], [right]) => (left < right ? -1 : 1))]
}
const deletedOf = (ds) => {
  const merged = [...ds.clients].map(([client, spans]) => {
    const out = []
    for (const { clock, len } of [...spans].sort((left, right) => left.clock - right.clock)) {
      const last = out.at(-1)
      if (last && clock <= last[1]) last[1] = Math.max(last[1], clock + len)
      else out.push([clock, clock + len])
    }
    return [client, out]
  })
  return merged.sort(([left], [right]) => left - right)
}

const look = ({ updates, kind }) => {
  const doc = new Y.Doc()
  let tidied = Y.mergeDeleteSets([])
  doc.on('afterTransaction', ({ local, deleteSet }) => local && (tidied = Y.mergeDeleteSets([tidied, deleteSet])))
  for (const update of updates) Y.applyUpdate(doc, decode(update))
  const value =
    kind === 'text'
      ? doc.getText('content').toDelta().map(({ insert, attributes }) => [typeof insert === 'string' ? insert : null, attributes ?? null])
      : kind === 'data'
        ? tagged(doc.getMap('data'))
        : doc.getXmlFragment('default').toString()
  const state = Y.encodeStateAsUpdate(doc)
  return {
    value,
    seen: [...doc.share].map(([name, root]) => [name, seen(root)]).filter(([, [list, keys]]) => list.length + keys.length).sort(([left], [right]) => (left < right ? -1 : 1)),
    deleted: deletedOf(Y.decodeUpdate(state).ds),
    // Yjs takes out format marks that say nothing as it reads them: each replica for itself.
    tidied: deletedOf(tidied),
    pending: doc.store.pendingStructs !== null || doc.store.pendingDs !== null,
    vector: encode(Y.encodeStateVector(doc)),
    state: encode(state),
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
    answer = request.program
      ? { sent: program(request.program).map(([who, update, isWhole]) => [who, encode(update), isWhole]) }
      : request.make ? make(request) : look(request)
  } catch (error) {
    answer = { error: String(error?.stack ?? error) }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
})
