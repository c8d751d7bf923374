// A document's whole content as text that two windows, two runtimes and the server can be compared by.
import * as Y from 'yjs'

const plain = (value) => {
  if (value instanceof Y.AbstractType) return type(value)
  if (value instanceof Y.Doc) return { $subdocument: value.guid }
  if (value instanceof Uint8Array) return { $bytes: Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('') }
  if (value instanceof Date) return { $date: value.getTime() }
  if (typeof value === 'bigint') return { $bigint: String(value) }
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) return { $number: Object.is(value, -0) ? '-0' : String(value) }
  if (typeof value === 'string') return value.toWellFormed()
  if (value === undefined) return { $undefined: true }
  if (Array.isArray(value)) return value.map(plain)
  if (value !== null && typeof value === 'object') return entries(Object.entries(value))
  return value
}

// A list of pairs: an object would lose `__proto__`.
const entries = (pairs) => ({ $entries: pairs.map(([key, value]) => [key, plain(value)]).sort(([a], [b]) => (a < b ? -1 : 1)) })

const runs = (text) => text.toDelta().map((run) => ({ insert: plain(run.insert), ...(run.attributes ? { attributes: plain(run.attributes) } : {}) }))

const type = (value) => {
  if (value instanceof Y.XmlText) return { $xmltext: runs(value), attributes: plain(value.getAttributes()) }
  if (value instanceof Y.Text) return { $text: runs(value) }
  if (value instanceof Y.XmlElement) return { $element: value.nodeName, attributes: plain(value.getAttributes()), children: value.toArray().map(plain) }
  if (value instanceof Y.XmlFragment) return { $fragment: value.toArray().map(plain) }
  if (value instanceof Y.Array) return { $array: value.toArray().map(plain) }
  return { $map: entries([...value.entries()]) }
}

const clocks = (doc) => [...Y.decodeStateVector(Y.encodeStateVector(doc)).entries()].filter(([, clock]) => clock > 0).sort(([a], [b]) => a - b)

export const everything = (doc, roots) => JSON.stringify({ roots: roots.map(([name, kind]) => [name, plain(doc.get(name, kind))]), clocks: clocks(doc) })

// Structs that wait for something that never came: the next edit of their author would wait as well.
export const faults = (doc) => [doc.store.pendingStructs && 'pending structs', doc.store.pendingDs && 'pending deletions'].filter(Boolean)
