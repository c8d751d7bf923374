import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import type { Json } from '../client/wire'
import { fieldOf, partsOf, plain, put, readAddition, readField, type ValuePath } from './value_edits'

/** A shared map: `shared` in parts that people can change, `whole` as one plain value. */
function map(): Y.Map<unknown> {
  const root = new Y.Doc().getMap('data')
  put(root, ['shared'], { food: 300, list: ['a', { name: 'b' }] })
  root.set('whole', { food: 300, list: ['a', { name: 'b' }] })
  return root
}
const after = (path: ValuePath, value?: Json): Json => {
  const root = map()
  put(root, path, value)
  return (plain(root) as { [key: string]: Json })[path[0]!]!
}

describe.each(['shared', 'whole'])('a value of a %s object', (name) => {
  it('is put at its path, and nothing else changes', () => {
    expect(after([name, 'food'], 350)).toEqual({ food: 350, list: ['a', { name: 'b' }] })
    expect(after([name, 'list', 0], null)).toEqual({ food: 300, list: [null, { name: 'b' }] })
    expect(after([name, 'list', 1, 'name'], { deep: [1] })).toEqual({ food: 300, list: ['a', { name: { deep: [1] } }] })
    expect(after([name, 'travel'], 5)).toEqual({ food: 300, list: ['a', { name: 'b' }], travel: 5 })
  })

  it('is taken out of objects and lists', () => {
    expect(after([name, 'food'])).toEqual({ list: ['a', { name: 'b' }] })
    expect(after([name, 'list', 0])).toEqual({ food: 300, list: [{ name: 'b' }] })
    expect(after([name, 'list', 1, 'name'])).toEqual({ food: 300, list: ['a', {}] })
  })

  it('that somebody else has taken away meanwhile brings nothing back', () => {
    expect(after([name, 'gone', 'deep'], 1)).toEqual({ food: 300, list: ['a', { name: 'b' }] })
  })
})

describe('a shared object', () => {
  it('is changed in its part alone: what others do beside it stays', () => {
    const root = map()
    const holder = root.get('shared')
    put(root, ['shared', 'food'], 350)
    expect(root.get('shared')).toBe(holder)
  })

  it('that is put in can be changed in parts', () => {
    const root = map()
    put(root, ['new'], { a: { b: [1] } })
    expect(root.get('new')).toBeInstanceOf(Y.Map)
    put(root, ['new', 'a', 'b', 0], 2)
    expect(plain(root.get('new'))).toEqual({ a: { b: [2] } })
  })

  it('of plain values is copied, never changed in place', () => {
    const root = map()
    const before = root.get('whole')
    put(root, ['whole', 'list', 1, 'name'], 'c')
    expect(before).toEqual({ food: 300, list: ['a', { name: 'b' }] })
  })
})

describe('a field', () => {
  it('shows words as they are, all else as JSON', () => {
    expect(['a "b"', 3, true, null].map(fieldOf)).toEqual(['a "b"', '3', 'true', 'null'])
  })

  it('keeps words words, unless a number is typed over them', () => {
    expect([readField('a', 'true'), readField('a', '[1]'), readField('a', '12'), readField('a', '-1.5'), readField('a', '2027-04-01')]).toEqual(['true', '[1]', 12, -1.5, '2027-04-01'])
    expect([readField(1, 'true'), readField(1, '[1]'), readField(1, 'many'), readField(true, '')]).toEqual([true, [1], 'many', ''])
  })
})

describe('what is added', () => {
  it('has a name and a value, an empty text where none is given', () => {
    expect(readAddition(' food = 350 ')).toEqual({ name: 'food', value: 350 })
    expect(readAddition('note = a = b')).toEqual({ name: 'note', value: 'a = b' })
    expect(readAddition('list=["a=b"]')).toEqual({ name: 'list', value: ['a=b'] })
    expect([readAddition('name'), readAddition('name =')]).toEqual([{ name: 'name', value: '' }, { name: 'name', value: '' }])
    expect([readAddition(''), readAddition(' = 5')]).toEqual([null, null])
  })
})

describe('the parts of a value', () => {
  it('stand in their order in a list, by name in an object', () => {
    expect(partsOf(['b', 'a'])).toEqual([[0, 'b'], [1, 'a']])
    expect(partsOf({ b: 1, a: 2 })).toEqual([['a', 2], ['b', 1]])
  })
})
