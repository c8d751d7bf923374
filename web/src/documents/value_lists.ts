/**
 * Items of shared lists. Yjs changes none: one is taken out, another put in its place. Two people who change one item at
 * once would so have two; here one of the two stays. No DOM.
 */
import * as Y from 'yjs'

/** What this page put in the place of an item, and what it knew of each client before, by clock. */
interface Replacement { of: Y.ID; own: Y.ID; known: Map<number, number> }

/** What this page knows of a list beyond what stands in it. */
interface Watch {
  made: Replacement[]
  /** What stands for an item that is gone, by its id. */
  next: Map<string, Y.ID>
  /** What the row of an item was called before the item was replaced. */
  rows: Map<string, string>
}

/** So many changes of one list are remembered: others' come sooner, or from somebody who was away for very long. */
const REPLACEMENTS_MAX = 500
const watches = new WeakMap<Y.Array<unknown>, Watch>()

/** Begin to see which items others replace; once for each list, for as long as it is there. */
export function watchList(list: Y.Array<unknown>): Watch {
  const before = watches.get(list)
  if (before) return before
  const watch: Watch = { made: [], next: new Map(), rows: new Map() }
  watches.set(list, watch)
  list.observe((event, transaction) => {
    if (transaction.local) return
    follow(list, watch, event)
    settle(list, watch.made)
  })
  return watch
}

/** An id as one word. */
export function idWords({ client, clock }: Y.ID): string {
  return `${client}:${clock}`
}

/** What is in a list in its order, each with its id. */
export function unitsOf(list: Y.Array<unknown>): { id: Y.ID; value: unknown }[] {
  const units: { id: Y.ID; value: unknown }[] = []
  for (let item = list._start; item; item = item.right) {
    if (item.deleted || !item.countable) continue
    const { client, clock } = item.id
    item.content.getContent().forEach((value: unknown, at: number) => units.push({ id: Y.createID(client, clock + at), value }))
  }
  return units
}

/** How the row of an item is called: one that was put in the place of another is the row of that. */
export function rowOf(list: Y.Array<unknown>, id: Y.ID): string {
  return watches.get(list)?.rows.get(idWords(id)) ?? idWords(id)
}

/**
 * Put content in the place of an item, within a transaction; also of one that somebody has taken out meanwhile.
 *
 * It stands between the neighbours of the item that it replaces, and so does what another page puts there. Nothing that
 * somebody adds does that: it stands beside an item, before or behind it. So two changes of one item tell themselves.
 */
export function replaceItem(transaction: Y.Transaction, list: Y.Array<unknown>, shown: Y.ID, content: Y.Item['content']): void {
  const { store, clientID } = transaction.doc
  const watch = watchList(list)
  let old = shown
  for (let next = watch.next.get(idWords(old)); next; next = watch.next.get(idWords(old))) old = next
  const place = unitsOf(list).findIndex(({ id }) => Y.compareIDs(id, old))
  if (place >= 0) list.delete(place, 1)
  const item = Y.getItemCleanStart(transaction, old)
  if (!(item instanceof Y.Item)) return
  if (item.length > 1) Y.getItemCleanEnd(transaction, store, old)
  const { left, right } = item
  const own = Y.createID(clientID, Y.getState(store, clientID))
  const known = new Map([...store.clients.keys()].map((client) => [client, Y.getState(store, client)]))
  new Y.Item(own, left, left && left.lastId, right, right && right.id, list, null, content).integrate(transaction, 0)
  // Yjs remembers places of a list that only its own calls keep up to date.
  if (list._searchMarker) list._searchMarker.length = 0
  // What is changed again is still in the place of what was there first.
  const earlier = watch.made.find((one) => Y.compareIDs(one.own, old))
  watch.made = [...watch.made.filter((one) => one !== earlier), earlier ? { ...earlier, own } : { of: old, own, known }].slice(-REPLACEMENTS_MAX)
  succeed(list, watch, old, own)
}

/** Let one item stand for another that is gone. */
function succeed(list: Y.Array<unknown>, watch: Watch, old: Y.ID, next: Y.ID): void {
  watch.rows.set(idWords(next), rowOf(list, old))
  watch.next.set(idWords(old), next)
}

/** See which of the items that somebody took out were replaced by what came with that. */
function follow(list: Y.Array<unknown>, watch: Watch, { changes: { added, deleted } }: Y.YArrayEvent<unknown>): void {
  if (!added.size || !deleted.size) return
  const { units, placeOf } = placesOf(list)
  const among = (items: Set<Y.Item>, { client, clock }: Y.ID): boolean => [...items].some(({ id, length }) => id.client === client && id.clock <= clock && clock < id.clock + length)
  const came = units.filter(({ id, isThere }) => isThere && among(added, id))
  for (const { id: old } of units.filter(({ id }) => among(deleted, id))) {
    const place = placeOf(old, NaN)
    const next = came.find(({ id, origin, rightOrigin }) => !watch.rows.has(idWords(id)) && placeOf(origin, -1) < place && place < placeOf(rightOrigin, Infinity))
    if (next) succeed(list, watch, old, next.id)
  }
}

/** Where others have changed an item that this page changed, too, let the one stay that every page lets stay. */
function settle(list: Y.Array<unknown>, made: readonly Replacement[]): void {
  const { doc } = list
  if (!doc || !made.length) return
  const order = placesOf(list)
  const lost = new Set<string>()
  for (const { of, own, known } of made) {
    if (Y.getItem(doc.store, own).deleted) continue
    const rivals = order.units.filter(({ id, origin, rightOrigin, isThere }) => {
      if (!isThere || id.client === own.client || id.clock < (known.get(id.client) ?? 0)) return false
      const place = order.placeOf(of, NaN)
      return order.placeOf(origin, -1) < place && place < order.placeOf(rightOrigin, Infinity)
    })
    const all = [...rivals.map(({ id }) => id), own]
    const most = Math.max(...all.map(({ client }) => client))
    for (const id of all) if (id.client !== most) lost.add(idWords(id))
  }
  if (!lost.size) return
  doc.transact(() => {
    for (const words of lost) {
      const place = unitsOf(list).findIndex(({ id }) => idWords(id) === words)
      if (place >= 0) list.delete(place, 1)
    }
  })
}

interface Unit { id: Y.ID; origin: Y.ID | null; rightOrigin: Y.ID | null; isThere: boolean }

/** All that a list has or had, in its order, and where each stands in that. */
function placesOf(list: Y.Array<unknown>): { units: Unit[]; placeOf: (id: Y.ID | null, otherwise: number) => number } {
  const starts = new Map<unknown, number>()
  const units: Unit[] = []
  for (let item = list._start; item; item = item.right) {
    starts.set(item, units.length)
    const { client, clock } = item.id
    for (let at = 0; at < item.length; at += 1) {
      const origin = at ? Y.createID(client, clock + at - 1) : item.origin
      units.push({ id: Y.createID(client, clock + at), origin, rightOrigin: item.rightOrigin, isThere: !item.deleted && item.countable })
    }
  }
  const placeOf = (id: Y.ID | null, otherwise: number): number => {
    if (!id || !list.doc) return otherwise
    const item = Y.getItem(list.doc.store, id)
    return (starts.get(item) ?? NaN) + id.clock - item.id.clock
  }
  return { units, placeOf }
}
