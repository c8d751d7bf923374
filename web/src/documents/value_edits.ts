/** How a data document is read and changed on the page: JSON values in a shared map. No DOM. */
import * as Y from 'yjs'
import type { Json } from '../client/wire'

export type ValuePath = (string | number)[]

/** A shared value as JSON. */
export function plain(value: unknown): Json {
  return value instanceof Y.AbstractType ? (value.toJSON() as Json) : (value as Json)
}

/** Put a value at a path, or take it out (undefined); a plain object on the way is written as a whole. */
export function put(root: Y.Map<unknown>, path: ValuePath, value: Json | undefined): void {
  let holder: unknown = root
  for (let at = 0; at < path.length; at += 1) {
    const key = path[at]!
    const rest = path.slice(at + 1)
    const inner: unknown = holder instanceof Y.Map ? holder.get(String(key)) : holder instanceof Y.Array ? holder.get(Number(key)) : undefined
    if (rest.length && inner instanceof Y.AbstractType) {
      holder = inner
      continue
    }
    const next = rest.length ? changed(inner as Json, rest, value) : value
    if (holder instanceof Y.Map) {
      if (next === undefined) holder.delete(String(key))
      else holder.set(String(key), shared(next))
    } else if (holder instanceof Y.Array) {
      holder.delete(Number(key), 1)
      if (next !== undefined) holder.insert(Number(key), [shared(next)])
    }
    return
  }
}

/** A copy of a plain value with another one at `path`, or without the one that was there. */
function changed(value: Json | undefined, path: ValuePath, next: Json | undefined): Json | undefined {
  const [key, ...rest] = path
  if (key === undefined) return next
  if (Array.isArray(value)) {
    const at = Number(key)
    const inner = changed(value[at], rest, next)
    return inner === undefined ? value.filter((_, place) => place !== at) : value.map((part, place) => (place === at ? inner : part))
  }
  // Somebody else has taken away what was shown here: there is nothing to change in it.
  if (value === null || typeof value !== 'object') return value
  const { [String(key)]: before, ...others } = value
  const inner = changed(before, rest, next)
  return inner === undefined ? others : { ...value, [String(key)]: inner }
}

/** A JSON value as Yjs keeps it: objects and lists that people can change in parts. */
function shared(value: Json): unknown {
  if (Array.isArray(value)) return Y.Array.from(value.map(shared) as never[])
  if (value && typeof value === 'object') {
    const map = new Y.Map<unknown>()
    for (const [key, part] of Object.entries(value)) map.set(key, shared(part))
    return map
  }
  return value
}

/** What somebody typed as a value: JSON where it is that, else the words themselves. */
function valueTyped(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}

/** A value as it stands in its field. */
export function fieldOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** What a field says now in place of `value`: words stay words, unless a number is typed over them. */
export function readField(value: Json, text: string): Json {
  return typeof value === 'string' && !/^-?\d/.test(text) ? text : valueTyped(text)
}

/** What `name = value` adds; a name alone stands for an empty text; null where there is no name. */
export function readAddition(text: string): { name: string; value: Json } | null {
  const [name = '', ...rest] = text.split('=')
  return name.trim() ? { name: name.trim(), value: valueTyped(rest.join('=').trim() || '""') } : null
}

/** The parts of a list in their order, of an object by name. */
export function partsOf(value: Json): [string | number, Json][] {
  if (Array.isArray(value)) return value.map((part, at) => [at, part])
  return Object.entries(value as { [key: string]: Json }).sort(([a], [b]) => a.localeCompare(b))
}
