/** The values of a data document in JSON, as the HTTP API writes and takes them (docs/values.md). No DOM. */
import * as Y from 'yjs'
import type { Json } from '../client/wire'
import { EXACT_MAX, kindOf, namesOf, partNamed, toBase64, sharedWords } from './value_kinds'

const TAG = /^~+(?:bytes|number|bigint|xml|deep)$/

/** A value in its canonical form: what JSON cannot say stands as an object with one key, its tag. */
export function canonicalOf(value: unknown): Json {
  switch (kindOf(value)) {
    case 'shared text': return sharedWords(value as Y.Text)
    case 'number': return Number.isFinite(value) ? (value as number) : { '~number': String(value) }
    case 'big number': {
      const big = value as bigint
      return big >= -BigInt(EXACT_MAX) && big <= BigInt(EXACT_MAX) ? Number(big) : { '~bigint': String(big) }
    }
    case 'bytes': return { '~bytes': toBase64(value as Uint8Array) }
    case 'undefined': return null
    case 'list': return (value instanceof Y.Array ? value.toArray() : (value as unknown[])).map(canonicalOf)
    case 'object': {
      const parts = value instanceof Y.Map ? [...value.entries()] : namesOf(value as object).map((name): [string, unknown] => [name, partNamed(value as object, name)])
      return Object.fromEntries(parts.map(([name, part]) => [parts.length === 1 && TAG.test(name) ? `~${name}` : name, canonicalOf(part)]))
    }
    case 'XML': return { '~xml': (value as Y.XmlFragment).toString() }
    case 'unknown': return { '~xml': 'unknown' }
    default: return value as Json
  }
}

/** All values of a document, whose own names are never taken for a tag. */
export function canonicalRoot(root: Y.Map<unknown>): { [name: string]: Json } {
  return Object.fromEntries([...root.entries()].map(([name, part]) => [name, canonicalOf(part)]))
}
