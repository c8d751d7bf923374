import { describe, expect, it } from 'vitest'
import { ROWS_MAX, addressOfPage, readRows, type PageOf } from './answers'

describe('a page of a list', () => {
  it('is asked for by where the last one ended and by what is looked for', () => {
    expect(addressOfPage('workspaces', '', '')).toBe('/api/admin/workspaces?limit=100')
    expect(addressOfPage('workspaces', ' a&b ', 'w1')).toBe('/api/admin/workspaces?limit=100&find=a%26b&after=w1')
    expect(addressOfPage('sessions', '', '2026~ab')).toBe('/api/admin/sessions?limit=100&before=2026%7Eab')
  })
})

describe('rows', () => {
  const numbers = (from: string): Promise<PageOf<number>> => {
    const first = Number(from)
    return Promise.resolve({ rows: Array.from({ length: 100 }, (_, at) => first + at), next: first < 4_900 ? String(first + 100) : null })
  }

  it('are read a page at a time, as many as are wanted', async () => {
    expect((await readRows(100, numbers)).rows).toHaveLength(100)
    const found = await readRows(250, numbers)
    expect([found.rows.length, found.rows[299], found.next]).toEqual([300, 299, '300'])
  })

  it('end where the list ends, and where the page has enough', async () => {
    const short = (): Promise<PageOf<number>> => Promise.resolve({ rows: [1], next: null })
    expect(await readRows(500, short)).toEqual({ rows: [1], next: null })
    const found = await readRows(100_000, numbers)
    expect([found.rows.length, found.next]).toEqual([ROWS_MAX, null])
  })
})
