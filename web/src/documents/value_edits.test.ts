import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { at, isSameSpot, partsOf, put, spotNamed, takeAway, type Part, type Spot } from './value_edits'
import { canonicalOf } from './value_forms'
import { hasParts, namesOf } from './value_kinds'

/** A shared map: `shared` in parts that people can change, `whole` as one plain value. */
function map(): Y.Map<unknown> {
  const root = new Y.Doc().getMap('data')
  put(spotOf(root, ['shared']), { food: 300, list: ['a', { name: 'b' }] })
  root.set('whole', { food: 300, list: ['a', { name: 'b' }] })
  return root
}

/** The spot at a path, as the table finds it: row by row; the last name may be a new one. */
function spotOf(root: Y.Map<unknown>, path: (string | number)[]): Spot {
  let value: unknown = root
  let spot: Spot | null = null
  for (const [place, name] of path.entries()) {
    const part: Part | undefined = partsOf(value, spot).find((one) => one.name === name)
    if (!part && place === path.length - 1) return spotNamed(value, spot, String(name))!
    if (!part) throw new Error(`nowhere: ${name}`)
    spot = part.spot
    value = part.value
  }
  return spot!
}

/** Another replica of the same document, as a stock client has it. */
function copyOf(root: Y.Map<unknown>): Y.Map<unknown> {
  const other = new Y.Doc()
  Y.applyUpdate(other, Y.encodeStateAsUpdate(root.doc!))
  return other.getMap('data')
}

const after = (path: (string | number)[], value: unknown): unknown => {
  const root = map()
  put(spotOf(root, path), value)
  return (canonicalOf(copyOf(root)) as { [name: string]: unknown })[path[0]!]
}
const without = (path: (string | number)[]): unknown => {
  const root = map()
  takeAway(spotOf(root, path))
  return (canonicalOf(copyOf(root)) as { [name: string]: unknown })[path[0]!]
}

describe.each(['shared', 'whole'])('a value of a %s object', (name) => {
  it('is put at its spot, and nothing else changes', () => {
    expect(after([name, 'food'], 350)).toEqual({ food: 350, list: ['a', { name: 'b' }] })
    expect(after([name, 'list', 0], null)).toEqual({ food: 300, list: [null, { name: 'b' }] })
    expect(after([name, 'list', 1, 'name'], { deep: [1] })).toEqual({ food: 300, list: ['a', { name: { deep: [1] } }] })
    expect(after([name, 'travel'], 5)).toEqual({ food: 300, list: ['a', { name: 'b' }], travel: 5 })
  })

  it('is taken out of objects and lists', () => {
    expect(without([name, 'food'])).toEqual({ list: ['a', { name: 'b' }] })
    expect(without([name, 'list', 0])).toEqual({ food: 300, list: [{ name: 'b' }] })
    expect(without([name, 'list', 1, 'name'])).toEqual({ food: 300, list: ['a', {}] })
  })

  it('that somebody else has taken away with all around it brings nothing back', () => {
    const root = map()
    const spot = spotOf(root, [name, 'list', 1, 'name'])
    takeAway(spotOf(root, [name]))
    put(spot, 1)
    takeAway(spot)
    expect([at(spot), root.has(name)]).toEqual([null, false])
  })
})

describe('a shared object', () => {
  it('is changed in its part alone: what others do beside it stays', () => {
    const root = map()
    const holder = root.get('shared')
    put(spotOf(root, ['shared', 'food']), 350)
    expect(root.get('shared')).toBe(holder)
  })

  it('that is put in can be changed in parts', () => {
    const root = map()
    put(spotOf(root, ['new']), { a: { b: [1] } })
    expect(root.get('new')).toBeInstanceOf(Y.Map)
    put(spotOf(root, ['new', 'a', 'b', 0]), 2)
    expect(canonicalOf(root.get('new'))).toEqual({ a: { b: [2] } })
  })

  it('may be typed with what the calls of Yjs refuse in a list', () => {
    const root = map()
    put(spotOf(root, ['new']), [2n ** 60n, { constructor: 2n ** 61n, list: [NaN, -0] }, new Uint8Array([1]), 'last'])
    put(spotOf(root, ['new', 0]), 2n ** 62n)
    expect(canonicalOf(copyOf(root).get('new'))).toEqual([{ '~bigint': String(2n ** 62n) } as unknown, { constructor: { '~bigint': String(2n ** 61n) }, list: [{ '~number': 'NaN' }, -0] }, { '~bytes': 'AQ==' }, 'last'] as unknown[])
    expect((root.get('new') as Y.Array<unknown>).get(3)).toBe('last')
  })
})

describe('a plain value', () => {
  it('is copied, never changed in place, and stays a plain one', () => {
    const root = map()
    const before = root.get('whole')
    put(spotOf(root, ['whole', 'list', 1, 'name']), 'c')
    expect(before).toEqual({ food: 300, list: ['a', { name: 'b' }] })
    expect(root.get('whole')).not.toBeInstanceOf(Y.AbstractType)
  })

  it('may have parts of any name, and keeps them', () => {
    const root = map()
    root.set('odd', { inner: JSON.parse('{"__proto__": {"deep": {"__proto__": null}}, "constructor": 2, "": 3, "a.b": 4}') as object, beside: 1 })
    const other = copyOf(root)
    put(spotOf(other, ['odd', 'beside']), 2)
    put(spotOf(other, ['odd', 'inner', 'constructor']), 5)
    put(spotOf(other, ['odd', 'constructor']), 'mine')
    const odd = copyOf(other).get('odd') as { inner: { __proto__: { deep: object } } }
    expect(namesOf(odd).sort()).toEqual(['beside', 'constructor', 'inner'])
    expect(namesOf(odd.inner).sort()).toEqual(['', '__proto__', 'a.b', 'constructor'])
    expect(odd.inner).toMatchObject({ constructor: 5, '': 3, 'a.b': 4 })
    expect(namesOf(Object.getPrototypeOf(odd.inner) as object)).toEqual(['deep'])
    expect(Object.getPrototypeOf(odd.inner.__proto__.deep)).toBeNull()
  })
})

// ---------------------------------------------------------------- what stands beside an edit

/** A list of what a stock client can put in one: no big number by itself. */
function listOf(values: unknown[]): Y.Array<unknown> {
  const list = new Y.Array<unknown>()
  list.push(values)
  return list
}

/** Every kind of value that a stock client can store, under its name. */
const ODD: { [name: string]: () => unknown } = {
  big: () => 9223372036854775807n, minus: () => -(2n ** 63n), small: () => 7n, bytes: () => new Uint8Array([0, 1, 255]), none: () => undefined, nothing: () => null,
  nan: () => NaN, infinite: () => -Infinity, zero: () => -0, float: () => 0.1, far: () => 1e300, words: () => 'a\r\nb 😀', half: () => 'cut \ud83d', text: () => new Y.Text('shared'),
  xml: () => new Y.XmlElement('p'), date: () => new Date(0), plain: () => ({ big: 9007199254740993n, bytes: new Uint8Array([1]), none: undefined, zero: -0, list: [undefined, NaN, 2n ** 60n] }),
  list: () => listOf([[9007199254740993n], new Uint8Array([2]), NaN, [undefined], 'a', { b: 1n }]), map: () => new Y.Map<unknown>(Object.entries({ big: 2n ** 61n, plain: [1n] })),
  '': () => 1, 'a.b': () => 2n, __proto__of: () => 3, constructor: () => 4n,
}

/** A value with its kind, so that nothing that differs looks the same. */
function exact(value: unknown): unknown {
  if (value instanceof Y.Text) return ['shared text', value.toDelta()]
  if (value instanceof Y.XmlFragment) return ['xml', value.toString()]
  if (value instanceof Y.Array) return ['shared list', value.toArray().map(exact)]
  if (value instanceof Y.Map) return ['shared object', [...value.entries()].map(([name, part]) => [name, exact(part)]).sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))]
  if (value instanceof Uint8Array) return ['bytes', [...value]]
  if (Array.isArray(value)) return ['list', value.map(exact)]
  if (value && typeof value === 'object') return ['object', Object.entries(value).map(([name, part]) => [name, exact(part)])]
  return [typeof value, Object.is(value, -0) ? '-0' : String(value)]
}

function partsAt(root: Y.Map<unknown>, path: (string | number)[]): Part[] {
  const spot = path.length ? spotOf(root, path) : null
  return partsOf(spot ? at(spot)![0] : root, spot)
}

/** Every value of a document that has no parts of its own, exactly, by the path to it. */
function everything(root: Y.Map<unknown>, path: (string | number)[] = []): [string, unknown][] {
  return partsAt(root, path).flatMap(({ name, value }) => (hasParts(value) ? everything(root, [...path, name]) : [[JSON.stringify([...path, name]), exact(value)]]))
}

describe('an edit', () => {
  it.each(Array.from({ length: 200 }, (_, seed) => seed))('leaves all beside it as it was, to the bit (seed %i)', (seed) => {
    let state = seed * 7_919 + 1
    const roll = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
    const source = new Y.Doc().getMap('data')
    for (const [name, make] of Object.entries(ODD)) source.set(name, make())
    source.set('__proto__', 5n)
    const root = copyOf(source)
    for (let step = 0; step < 4; step += 1) {
      const path = [[], ['list'], ['map'], ['plain'], ['plain', 'list']][roll(5)]!
      const names = partsAt(root, path).filter(({ value }) => !hasParts(value)).map(({ name }) => name)
      const name = names[roll(names.length)]!
      const before = new Map(everything(root))
      const value = [8, 'new', 2n ** 62n, new Uint8Array([9]), null, -0][roll(6)]
      put(spotOf(root, [...path, name]), value)
      const edited = JSON.stringify([...path, name])
      for (const [where, what] of everything(copyOf(root))) expect([where, what]).toEqual([where, where === edited ? exact(value) : before.get(where)])
      expect(everything(copyOf(root)).map(([where]) => where).sort()).toEqual([...before.keys()].sort())
    }
  })

  it.each(Object.keys(ODD))('beside %s changes one thing', (odd) => {
    const source = new Y.Doc().getMap('data')
    source.set('holder', new Y.Map(Object.entries(ODD).map(([name, make]): [string, unknown] => [name, make()])))
    source.set('edited', 1)
    const root = copyOf(source)
    const before = exact((root.get('holder') as Y.Map<unknown>).get(odd))
    put(spotOf(root, ['edited']), 2)
    put(spotOf(root, ['holder', 'beside it']), 3)
    const other = copyOf(root)
    expect(exact((other.get('holder') as Y.Map<unknown>).get(odd))).toEqual(before)
    expect([other.get('edited'), (other.get('holder') as Y.Map<unknown>).get('beside it')]).toEqual([2, 3])
  })
})

describe('the parts of a value', () => {
  it('stand in their order in a list, by name in an object', () => {
    const root = map()
    root.set('z', ['b', 'a'])
    root.set('y', { b: 1, a: 2, é: 3, f: 4 })
    expect(partsOf(root.get('z'), spotOf(root, ['z'])).map(({ name, value }) => [name, value])).toEqual([[0, 'b'], [1, 'a']])
    expect(partsOf(root.get('y'), spotOf(root, ['y'])).map(({ name }) => name)).toEqual(['a', 'b', 'é', 'f'])
    expect([partsOf(1, null), partsOf(null, spotOf(root, ['z']))]).toEqual([[], []])
  })

  it('are told apart by where they stand', () => {
    const root = map()
    expect(isSameSpot(spotOf(root, ['shared', 'list', 0]), spotOf(root, ['shared', 'list', 0]))).toBe(true)
    expect(isSameSpot(spotOf(root, ['shared', 'list', 0]), spotOf(root, ['shared', 'list', 1]))).toBe(false)
    expect(isSameSpot(spotOf(root, ['whole', 'list', 0]), spotOf(root, ['whole', 'food']))).toBe(false)
  })
})
