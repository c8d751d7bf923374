import { describe, expect, it } from 'vitest'
import { memoryStore } from './memory_store'

describe('a store in memory', () => {
  it('keeps, forgets, and shares nothing with another', () => {
    const store = memoryStore()
    store.setItem('a', '1')
    expect([store.getItem('a'), memoryStore().getItem('a')]).toEqual(['1', null])
    store.removeItem('a')
    expect(store.getItem('a')).toBeNull()
  })
})
