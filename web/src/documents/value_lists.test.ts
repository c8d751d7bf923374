import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { partsOf, put, takeAway } from './value_edits'
import { idWords, replaceItem, rowOf, unitsOf, watchList } from './value_lists'

type List = Y.Array<unknown>

/** Replicas of one list, which know of each other what `meet` brings. */
function replicas(count: number, ...values: unknown[]): List[] {
  const first = new Y.Doc().getMap('data')
  const list = new Y.Array<unknown>()
  list.push(values)
  first.set('list', list)
  return Array.from({ length: count }, () => {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(first.doc!))
    const copy = doc.getMap('data').get('list') as List
    watchList(copy)
    return copy
  })
}

/** Bring everything to everybody, until nothing is new. */
function meet(...lists: List[]): void {
  for (let round = 0; round < 4; round += 1) {
    for (const from of lists) for (const to of lists) {
      if (from !== to) Y.applyUpdate(to.doc!, Y.encodeStateAsUpdate(from.doc!, Y.encodeStateVector(to.doc!)), 'elsewhere')
    }
  }
}
const set = (list: List, place: number, value: unknown): void => put(partsOf(list, null)[place]!.spot, value)

describe('an item that two people change at once', () => {
  it('is there once, as one of them has it', () => {
    for (let place = 0; place < 3; place += 1) {
      const [ana, ben] = replicas(2, 'a', 'b', 'c') as [List, List]
      set(ana, place, 'Ana')
      set(ben, place, 'Ben')
      meet(ana, ben)
      expect(ana.toArray()).toEqual(ben.toArray())
      expect(ana.length).toBe(3)
      expect(['Ana', 'Ben']).toContain(ana.get(place))
    }
  })

  it('and change again before they hear of each other, is there once', () => {
    const [ana, ben] = replicas(2, 'a', 'b', 'c') as [List, List]
    for (const words of ['one', 'two', 'three']) set(ana, 1, words)
    set(ben, 1, 'Ben')
    meet(ana, ben)
    expect(ana.toArray()).toEqual(ben.toArray())
    expect(ana.length).toBe(3)
    expect(['three', 'Ben']).toContain(ana.get(1))
  })

  it('is there once where three do', () => {
    const three = replicas(3, 'a', 'b') as [List, List, List]
    three.forEach((list, at) => set(list, 0, at))
    meet(...three)
    for (const list of three) expect(list.toArray()).toEqual(three[0].toArray())
    expect([three[0].length, three[0].get(1)]).toEqual([2, 'b'])
  })

  it('stays where one takes it out while the other changes it', () => {
    const [ana, ben] = replicas(2, 'a', 'b', 'c') as [List, List]
    takeAway(partsOf(ana, null)[1]!.spot)
    set(ben, 1, 'Ben')
    meet(ana, ben)
    expect([ana.toArray(), ben.toArray()]).toEqual(Array(2).fill(['a', 'Ben', 'c']))
  })
})

describe('what others do beside a changed item', () => {
  it('stays: items before and behind it, added at the same time', () => {
    const [ana, ben] = replicas(2, 'a', 'b', 'c') as [List, List]
    set(ana, 1, 'Ana')
    ben.insert(1, ['before'])
    ben.insert(3, ['behind'])
    ben.push(['last'])
    meet(ana, ben)
    expect(ana.toArray()).toEqual(ben.toArray())
    // Yjs orders what two people put at one place at once by their clients.
    const list = ana.toArray()
    expect(list.filter((item) => item !== 'Ana')).toEqual(['a', 'before', 'behind', 'c', 'last'])
    expect([1, 2, 3]).toContain(list.indexOf('Ana'))
  })

  it('moves nothing: the item that was shown is the one that is changed', () => {
    const [ana, ben] = replicas(2, 'a', 'b', 'c') as [List, List]
    const { spot } = partsOf(ana, null)[2]!
    ben.insert(0, ['first', 'second'])
    meet(ana, ben)
    put(spot, 'mine')
    meet(ana, ben)
    expect(ben.toArray()).toEqual(['first', 'second', 'a', 'b', 'mine'])
  })

  it.each(Array.from({ length: 150 }, (_, seed) => seed))('and everything else, as a stock client has it (seed %i)', (seed) => {
    let state = seed * 31 + 5
    const roll = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
    const [ana, ben, stock] = replicas(3, 0, 1, 2, 3, 4) as [List, List, List]
    for (let round = 0; round < 6; round += 1) {
      const expected = new Set<unknown>(ana.toArray())
      // Each round everybody changes something that nobody else touches, but one item that both pages change.
      const contested = roll(ana.length)
      const gone = ana.get(contested)
      set(ana, contested, `A${round}`)
      set(ben, contested, `B${round}`)
      stock.insert(roll(stock.length + 1), [`S${round}`])
      meet(ana, ben, stock)
      for (const list of [ben, stock]) expect(list.toArray()).toEqual(ana.toArray())
      const now = new Set(ana.toArray())
      expect(now.size).toBe(ana.length)
      expect(ana.length).toBe(expected.size + 1)
      expected.delete(gone)
      for (const value of [...expected, `S${round}`]) expect(now).toContain(value)
      expect(now.has(`A${round}`) !== now.has(`B${round}`)).toBe(true)
    }
  })
})

describe('an item', () => {
  it('that was replaced by somebody while it was shown here is replaced again, not doubled', () => {
    const [ana, ben] = replicas(2, 'a', 'b') as [List, List]
    const { spot } = partsOf(ana, null)[0]!
    set(ben, 0, 'Ben')
    meet(ana, ben)
    put(spot, 'Ana')
    meet(ana, ben)
    expect([ana.toArray(), ben.toArray()]).toEqual(Array(2).fill(['Ana', 'b']))
  })

  it('that was taken out while it was shown here is put back where it was', () => {
    const [ana, ben] = replicas(2, 'a', 'b', 'c') as [List, List]
    const { spot } = partsOf(ana, null)[1]!
    takeAway(partsOf(ben, null)[1]!.spot)
    meet(ana, ben)
    put(spot, 'mine')
    expect(ana.toArray()).toEqual(['a', 'mine', 'c'])
  })

  it('keeps its row when this page changes it, and the list is what its own calls say after that', () => {
    const [ana] = replicas(1, 'a', 'b', 'c') as [List]
    const row = rowOf(ana, unitsOf(ana)[1]!.id)
    expect(ana.get(2)).toBe('c')
    ana.doc!.transact((transaction) => replaceItem(transaction, ana, unitsOf(ana)[1]!.id, new Y.ContentAny(['x'])))
    set(ana, 1, 'y')
    expect(rowOf(ana, unitsOf(ana)[1]!.id)).toBe(row)
    expect([ana.get(0), ana.get(1), ana.get(2)]).toEqual(['a', 'y', 'c'])
    ana.insert(2, ['z'])
    expect(ana.toArray()).toEqual(['a', 'y', 'z', 'c'])
    expect(idWords(Y.createID(1, 2))).toBe('1:2')
  })
})
