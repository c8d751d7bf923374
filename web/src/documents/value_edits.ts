/** How the values of a data document are changed: one at a time, so that nothing beside it becomes another. No DOM. */
import * as Y from 'yjs'
import { kindOf, namesOf, partNamed } from './value_kinds'
import { idWords, replaceItem, rowOf, unitsOf } from './value_lists'

/** Where a value stands: under a name or as an item of a shared type, and inside a plain value there by names and places. */
export interface Spot { holder: Y.Map<unknown> | Y.Array<unknown>; key: string | Y.ID; inside: readonly (string | number)[] }

/** One part of a list or an object. `row` is the same for as long as it is the same part. */
export interface Part { row: string; name: string | number; spot: Spot; value: unknown }

/** By code units where a language has no order: every page shows one order. */
const { compare } = new Intl.Collator('en')
const byName = (one: string, other: string): number => compare(one, other) || (one < other ? -1 : 1)

/** The parts of a list in their order, of an object by name. `spot` is where a plain value stands. */
export function partsOf(value: unknown, spot: Spot | null): Part[] {
  if (value instanceof Y.Map) {
    return [...value.keys()].sort(byName).map((name) => ({ row: `.${name}`, name, spot: { holder: value, key: name, inside: [] }, value: value.get(name) }))
  }
  if (value instanceof Y.Array) {
    return unitsOf(value).map(({ id, value: part }, at) => ({ row: rowOf(value, id), name: at, spot: { holder: value, key: id, inside: [] }, value: part }))
  }
  if (!spot || value === null || typeof value !== 'object') return []
  const below = (name: string | number): Spot => ({ ...spot, inside: [...spot.inside, name] })
  if (Array.isArray(value)) return value.map((part: unknown, at) => ({ row: String(at), name: at, spot: below(at), value: part }))
  return namesOf(value).sort(byName).map((name) => ({ row: `.${name}`, name, spot: below(name), value: partNamed(value, name) }))
}

/** Where a new part of an object stands. */
export function spotNamed(value: unknown, spot: Spot | null, name: string): Spot | null {
  if (value instanceof Y.Map) return { holder: value, key: name, inside: [] }
  return spot && { ...spot, inside: [...spot.inside, name] }
}

/** Whether two spots are one. */
export function isSameSpot(one: Spot, other: Spot): boolean {
  const words = ({ key, inside }: Spot): string => JSON.stringify([typeof key === 'string' ? key : idWords(key), inside])
  return one.holder === other.holder && words(one) === words(other)
}

/** What stands at a spot, in a tuple; null where nothing does any more. */
export function at(spot: Spot): [unknown] | null {
  const { holder, key } = spot
  let found: unknown
  if (holder instanceof Y.Map) {
    if (!holder.has(String(key))) return null
    found = holder.get(String(key))
  } else {
    const unit = unitsOf(holder).find(({ id }) => idWords(id) === idWords(key as Y.ID))
    if (!unit) return null
    found = unit.value
  }
  for (const name of spot.inside) {
    if (!isPlainHolder(found) || !hasPart(found, name)) return null
    found = Array.isArray(found) ? (found as unknown[])[Number(name)] : partNamed(found, String(name))
  }
  return [found]
}

/** Put a value at a spot; the plain value that it is inside of is written as a whole, everything else in it as it was. */
export function put(spot: Spot, value: unknown): void {
  write(spot, (before) => (spot.inside.length ? changed(before, spot.inside, [value]) : value))
}

/** Take away what stands at a spot. */
export function takeAway(spot: Spot): void {
  const { holder, key } = spot
  if (spot.inside.length) return write(spot, (before) => changed(before, spot.inside, null))
  if (holder instanceof Y.Map) return holder.delete(String(key))
  const place = unitsOf(holder).findIndex(({ id }) => idWords(id) === idWords(key as Y.ID))
  if (place >= 0) holder.delete(place, 1)
}

/** Write what `next` makes of the stored value at the outer part of a spot, where that makes a difference. */
function write(spot: Spot, next: (before: unknown) => unknown): void {
  const { holder, key } = spot
  const { doc } = holder
  if (!doc || holder._item?.deleted) return
  const before = at({ ...spot, inside: [] })
  // What somebody has taken away as a whole is not brought back for a part of it.
  if (!before && spot.inside.length) return
  const value = next(before?.[0])
  if (before && spot.inside.length && value === before[0]) return
  doc.transact((transaction) => {
    // What is typed becomes shared types, which people can change in parts; a plain value stays one.
    const type = spot.inside.length ? null : sharedFor(value)
    const content = type ? new Y.ContentType(type) : contentOf(value)
    if (holder instanceof Y.Array) replaceItem(transaction, holder, key as Y.ID, content)
    else insert(transaction, holder, String(key), holder._map.get(String(key)) ?? null, content)
    if (type) fill(transaction, type, value)
  })
}

/** An empty shared type for a list or an object; null for what is none. */
function sharedFor(value: unknown): Y.Map<unknown> | Y.Array<unknown> | null {
  if (value instanceof Y.AbstractType) return null
  const kind = kindOf(value)
  return kind === 'list' ? new Y.Array<unknown>() : kind === 'object' ? new Y.Map<unknown>() : null
}

function fill(transaction: Y.Transaction, holder: Y.Map<unknown> | Y.Array<unknown>, value: unknown): void {
  let last: Y.Item | null = null
  for (const [name, part] of Object.entries(value as object)) {
    const type = sharedFor(part)
    const isList = holder instanceof Y.Array
    last = insert(transaction, holder, isList ? null : name, isList ? last : null, type ? new Y.ContentType(type) : contentOf(part))
    if (type) fill(transaction, type, part)
  }
}

/**
 * Put content behind an item, or under a name. The calls of Yjs for it refuse what Yjs itself stores and sends: an object
 * with a part named `constructor`, which they ask for its kind, and in a list a big number.
 */
function insert(transaction: Y.Transaction, holder: Y.Map<unknown> | Y.Array<unknown>, key: string | null, left: Y.Item | null, content: Y.Item['content']): Y.Item {
  const { clientID, store } = transaction.doc
  const item = new Y.Item(Y.createID(clientID, Y.getState(store, clientID)), left, left && left.lastId, null, null, holder, key, content)
  item.integrate(transaction, 0)
  return item
}

function contentOf(value: unknown): Y.ContentBinary | Y.ContentAny {
  return value instanceof Uint8Array ? new Y.ContentBinary(value) : new Y.ContentAny([value])
}

function isPlainHolder(value: unknown): value is object {
  return value !== null && typeof value === 'object' && !(value instanceof Y.AbstractType) && !(value instanceof Uint8Array)
}

function hasPart(value: object, name: string | number): boolean {
  return Array.isArray(value) ? Number(name) < value.length : namesOf(value).includes(String(name))
}

/** A copy of a plain value with `next` at a path, or without what is there (null); the value itself where the way is gone. */
function changed(value: unknown, path: readonly (string | number)[], next: [unknown] | null): unknown {
  const [name, ...rest] = path
  if (name === undefined || !isPlainHolder(value)) return value
  const part = (inner: unknown): [unknown] | null => (rest.length ? [changed(inner, rest, next)] : next)
  if (Array.isArray(value)) {
    const place = Number(name)
    if (place >= value.length) return value
    const inner = part(value[place])
    return rest.length && inner![0] === value[place] ? value : [...value.slice(0, place), ...(inner ?? []), ...value.slice(place + 1)]
  }
  const key = String(name)
  const names = namesOf(value)
  if (!names.includes(key) && (rest.length || !next)) return value
  const inner = part(partNamed(value, key))
  if (rest.length && inner![0] === partNamed(value, key)) return value
  const kept = names.includes(key) ? names : [...names, key]
  // `fromEntries` defines each part, `__proto__` as well, and what Yjs writes is what an object has of its own.
  return Object.fromEntries(kept.flatMap((one) => (one !== key ? [[one, own(partNamed(value, one))]] : inner ? [[one, own(inner[0])]] : [])))
}

/** A plain value that has all its parts of its own: what was read into a prototype would not be written. */
function own(value: unknown): unknown {
  if (!isPlainHolder(value)) return value
  if (Array.isArray(value)) return value.some((part) => own(part) !== part) ? value.map(own) : value
  const parts = namesOf(value).map((name): [string, unknown] => [name, own(partNamed(value, name))])
  const isOwn = Object.getPrototypeOf(value) === Object.prototype && parts.every(([name, part]) => Object.is(part, partNamed(value, name)))
  return isOwn ? value : Object.fromEntries(parts)
}
