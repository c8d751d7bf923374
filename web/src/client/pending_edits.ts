/**
 * What stands in a replica and not, as far as is known, on the server's disk: exactly, by the ids that Yjs gives, so that
 * "saved" is never said too early. A deletion does not move a state vector: its ids are counted as those of insertions.
 * No DOM.
 */
import * as Y from 'yjs'

/** Half-open ranges of clocks, by client. */
export type Spans = Iterable<readonly [client: number, first: number, end: number]>

/** Ids of one kind, as sorted ranges that do not touch, by client. */
class Ids {
  private readonly ranges = new Map<number, [number, number][]>()

  get isEmpty(): boolean {
    return this.ranges.size === 0
  }

  add(client: number, first: number, end: number): void {
    if (first >= end) return
    const kept: [number, number][] = []
    let [low, high] = [first, end]
    for (const [from, to] of this.ranges.get(client) ?? []) {
      if (to < low || from > high) kept.push([from, to])
      else [low, high] = [Math.min(low, from), Math.max(high, to)]
    }
    this.ranges.set(client, [...kept, [low, high] as [number, number]].sort((a, b) => a[0] - b[0]))
  }

  take(client: number, first: number, end: number): void {
    const known = this.ranges.get(client)
    if (!known) return
    const left = known.flatMap(([from, to]): [number, number][] => {
      const parts: [number, number][] = [[from, Math.min(to, first)], [Math.max(from, end), to]]
      return parts.filter(([low, high]) => low < high)
    })
    if (left.length) this.ranges.set(client, left)
    else this.ranges.delete(client)
  }

  holds(client: number, first: number, end: number): boolean {
    return this.ranges.get(client)?.some(([from, to]) => from < end && first < to) ?? false
  }

  /** The clients of whom something is here. */
  clients(): IterableIterator<number> {
    return this.ranges.keys()
  }

  clear(): void {
    this.ranges.clear()
  }
}

export class PendingEdits {
  private readonly inserted = new Ids()
  private readonly deleted = new Ids()

  /** Whether all that stands in the replica is known to be durable. */
  get isEmpty(): boolean {
    return this.inserted.isEmpty && this.deleted.isEmpty
  }

  /** Something was written here: everything that a transaction has inserted and deleted. */
  wrote({ beforeState, afterState, deleteSet }: Pick<Y.Transaction, 'beforeState' | 'afterState' | 'deleteSet'>): void {
    for (const [client, end] of afterState) this.inserted.add(client, beforeState.get(client) ?? 0, end)
    for (const [client, items] of deleteSet.clients)
      for (const { clock, len } of items) this.deleted.add(client, clock, clock + len)
  }

  /** A record of the log names what is durable: an update's, or a commit's. */
  recorded(inserted: Spans = [], deleted: Spans = []): void {
    if (this.isEmpty) return
    for (const [client, first, end] of inserted) this.inserted.take(client, first, end)
    for (const [client, first, end] of deleted) this.deleted.take(client, first, end)
  }

  /** The server has said up to which clocks it has what each client wrote. */
  reached(vector: ReadonlyMap<number, number>): void {
    for (const client of [...this.inserted.clients()]) this.inserted.take(client, 0, vector.get(client) ?? 0)
  }

  /** The server has sent an update: what it holds is there. In the answer to a question are all deletions there are. */
  sent(update: Uint8Array): void {
    if (this.isEmpty) return
    const { structs, ds } = Y.decodeUpdate(update)
    for (const { id, length } of structs) this.inserted.take(id.client, id.clock, id.clock + length)
    for (const [client, items] of ds.clients)
      for (const { clock, len } of items) this.deleted.take(client, clock, clock + len)
  }

  /** Whether an update of the server takes back anything that was written here and is not durable: it refused it, perhaps. */
  isTakenBack(update: Uint8Array): boolean {
    if (this.inserted.isEmpty) return false
    for (const [client, items] of Y.decodeUpdate(update).ds.clients)
      if (items.some(({ clock, len }) => this.inserted.holds(client, clock, clock + len))) return true
    return false
  }

  /** Another replica stands here now: nothing was written into it. */
  clear(): void {
    this.inserted.clear()
    this.deleted.clear()
  }
}
