import { describe, expect, it } from 'vitest'
import { LazyPart } from './lazily'

const Editor = () => null

describe('a part that is loaded later', () => {
  it('is loaded once, however many wait for it', async () => {
    let asked = 0
    const part = new LazyPart(async () => (asked++, Editor))
    expect(part.state).toBe('not asked for')
    const waiting = [part.load(), part.load()]
    expect(part.state).toBe('under way')
    await Promise.all(waiting)
    await part.load()
    expect([asked, part.state, part.component]).toEqual([1, 'here', Editor])
  })

  it('says that it did not come, and is asked for again', async () => {
    let isThere = false
    const part = new LazyPart(async () => {
      if (!isThere) throw new TypeError('Failed to fetch dynamically imported module')
      return Editor
    })
    await part.load()
    expect([part.state, part.component]).toEqual(['failed', null])
    isThere = true
    await part.load()
    expect([part.state, part.component]).toEqual(['here', Editor])
  })
})
