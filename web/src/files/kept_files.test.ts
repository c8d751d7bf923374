import { IDBFactory } from 'fake-indexeddb'
import { describe, expect, it } from 'vitest'
import { KeptFiles } from './kept_files'

/** Locks as a browser has them, for all pages together. */
function someLocks() {
  const held = new Set<string>()
  return {
    held,
    async request(name: string, _options: { ifAvailable: true }, hold: (lock: unknown) => unknown) {
      if (held.has(name)) return hold(null)
      held.add(name)
      try {
        return await hold({ name })
      } finally {
        held.delete(name)
      }
    },
  }
}

const one = (key: string) => ({ key, name: 'a.png', words: 'a', file: new Blob(['abc']), place: new Uint8Array([1]) })

describe('files that are kept', () => {
  it('are the next page’s when this one is gone, those of a document alone, and gone when they are there', async () => {
    const factory = new IDBFactory()
    const locks = someLocks()
    const page = () => new KeptFiles('w', 'plan', factory, locks)
    const first = page()
    expect(await first.keep(one('k1'))).toBe(true)
    expect(await first.keep(one('k2'))).toBe(true)
    const second = page()
    expect(await second.take()).toEqual([])
    expect(await first.take()).toEqual([])
    first.end()
    expect(await new KeptFiles('w', 'other', factory, locks).take()).toEqual([])
    expect((await second.take()).map(({ key, name, place }) => [key, name, [...place]])).toEqual([['k1', 'a.png', [1]], ['k2', 'a.png', [1]]])
    second.letGo('k1')
    await expect.poll(() => locks.held.size).toBe(1)
    second.end()
    await expect.poll(() => locks.held.size).toBe(0)
    expect((await page().take()).map(({ key }) => key)).toEqual(['k2'])
  })

  it('are not where the browser keeps nothing, gives no locks, or one is too large', async () => {
    expect(await new KeptFiles('w', 'plan', undefined, someLocks()).keep(one('k'))).toBe(false)
    expect(await new KeptFiles('w', 'plan', new IDBFactory(), undefined).keep(one('k'))).toBe(false)
    const large = { ...one('k'), file: { size: 65 * 1024 * 1024 } as Blob }
    expect(await new KeptFiles('w', 'plan', new IDBFactory(), someLocks()).keep(large)).toBe(false)
  })
})
