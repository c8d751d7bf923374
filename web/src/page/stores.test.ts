import { describe, expect, it } from 'vitest'
import { memoryStore } from '../client/memory_store'
import { keep, storeOf } from './stores'

const forbidden = () => {
  throw new DOMException('denied', 'SecurityError')
}

describe('what a browser keeps', () => {
  it('is nothing where it forbids it, and the page goes on', () => {
    const store = storeOf(forbidden)
    expect([store.length, store.key(0), store.getItem('a')]).toEqual([0, null, null])
    expect(() => store.setItem('a', 'b')).toThrow('keeps nothing')
    store.removeItem('a')
    keep(store, 'a', 'b')
  })

  it('is the browser\'s own where it may be used', () => {
    const own = { ...memoryStore(), length: 0, key: () => null }
    expect(storeOf(() => own)).toBe(own)
    keep(own, 'a', 'b')
    expect(own.getItem('a')).toBe('b')
  })
})
