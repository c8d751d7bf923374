import { describe, expect, it } from 'vitest'
import { storeOf } from '../client/fixtures'
import { browserOf } from './fixtures'
import { Tab } from './tab'

describe.each([['locks', true], ['asking', false]])('a page, known by %s', (_, hasLocks) => {
  it('is the same one after a reload, and another where the tab was duplicated', async () => {
    const around = browserOf(hasLocks)
    const kept = new Map<string, string>()
    const first = await Tab.claim(storeOf(kept), around)
    // A duplicated tab has a copy of what the first one keeps.
    const twin = await Tab.claim(storeOf(new Map(kept)), around)
    expect(twin.id).not.toBe(first.id)
    expect(kept.get('folkmoot:tab')).toBe(first.id)
  })

  it('finds who is gone, and who is not', async () => {
    const around = browserOf(hasLocks)
    const one = await Tab.claim(storeOf(), around)
    const two = await Tab.claim(storeOf(), around)
    expect([await one.isGone(two.id), await two.isGone(one.id), await one.isGone('long gone')]).toEqual([false, false, true])
    // Asked again it is as gone as before.
    expect(await one.isGone('long gone')).toBe(true)
  })
})

describe('a page that is gone', () => {
  it('is taken over by one page only, where there are locks', async () => {
    const around = browserOf(true)
    const one = await Tab.claim(storeOf(), around)
    const two = await Tab.claim(storeOf(), around)
    expect([await one.isGone('gone'), await two.isGone('gone')]).toEqual([true, false])
  })

  it('has its old name back after a reload', async () => {
    const kept = new Map([['folkmoot:tab', 'mine']])
    expect((await Tab.claim(storeOf(kept), browserOf(true))).id).toBe('mine')
  })
})
