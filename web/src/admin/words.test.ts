import { describe, expect, it } from 'vitest'
import type { KeyRow } from './answers'
import { agoWords, bytesOf, countWords, documentsWords, endQuestion, endWords, formatWords, kindWords, notedWords, ownersWords, partsWords, sizeWords, spanWords, whereWords } from './words'

const NOW = Date.parse('2026-11-30T12:00:00Z')
const KEY: KeyRow = {
  id: 'x', kind: 'token', who: 'Ana', ws: 'demo', workspaces: 1, role: 'editor', scope: 'all', label: '', created: '', used: '', from: '', expires: null, own: false,
}

describe('numbers', () => {
  it('are sizes in the unit that fits', () => {
    expect([0, 1023, 1024, 10_240, 1.5 * 1024 ** 2, 5 * 1024 ** 5].map(sizeWords)).toEqual(['0 B', '1023 B', '1.0 KiB', '10 KiB', '1.5 MiB', '5120 TiB'])
  })

  it('are those of an upgrade', () => {
    expect([formatWords({ schema: 7, log_format: 3 }), formatWords({ schema: 0, log_format: 3 })]).toEqual(['schema 7, log format 3', 'log format 3'])
  })

  it('are counted', () => {
    expect([countWords(1, 'workspace'), countWords(1_200, 'workspace'), countWords(2, 'person', 'people')]).toEqual(['1 workspace', '1,200 workspaces', '2 people'])
  })

  it('are spans in two parts at most', () => {
    expect([-1, 59.9, 60, 3_599, 3_660, 86_400, 90_000].map(spanWords)).toEqual(['0 s', '59 s', '1 min', '59 min', '1 h 1 min', '1 d 0 h', '1 d 1 h'])
  })
})

describe('times', () => {
  it('say how long ago', () => {
    expect(agoWords('', NOW)).toBe('never')
    expect(agoWords('soon', NOW)).toBe('soon')
    expect(agoWords('2026-11-30T12:00:01Z', NOW)).toBe('just now')
    expect(agoWords('2026-11-30T11:00:00Z', NOW)).toBe('1 h 0 min ago')
  })

  it('say when a key ends', () => {
    expect([endWords(null, NOW), endWords(NOW / 1000, NOW), endWords(NOW / 1000 + 120, NOW)]).toEqual(['never', 'now', 'in 2 min'])
  })

  it('say what is known of a backup', () => {
    expect(notedWords(null, NOW)).toBe('none known')
    const noted = { at: '2026-11-30T11:58:00Z', by: 'cron', subject: '', detail: 'to tape' }
    expect(notedWords(noted, NOW)).toBe('2 min ago, by cron: to tape')
    expect(notedWords({ ...noted, detail: '' }, NOW)).toBe('2 min ago, by cron')
  })
})

describe('a workspace', () => {
  it('has bytes, or none that are known', () => {
    const bytes = { log: 1, journal: 2_048, snapshots: 3 }
    expect([bytesOf({ bytes }), bytesOf({ bytes: null })]).toEqual([2_052, null])
    expect(partsWords({ bytes, measured: true })).toBe('log 1 B, journal 2.0 KiB, snapshots 3 B')
    expect(partsWords({ bytes, measured: false })).toContain('there is more')
    expect(partsWords({ bytes: null, measured: false })).toBe('Not measured yet')
  })

  it('has documents and owners', () => {
    expect(documentsWords({ documents: null })).toBe('–')
    expect(documentsWords({ documents: { living: 3, archived: 0, deleted: 0 } })).toBe('3')
    expect(documentsWords({ documents: { living: 3, archived: 1, deleted: 2 } })).toBe('3 (1 archived, 2 deleted)')
    expect(ownersWords({ owners: [], more_owners: false })).toBe('no owner of its own')
    expect(ownersWords({ owners: ['a', 'b'], more_owners: true })).toBe('owned by a, b, …')
  })
})

describe('a key', () => {
  it('opens one workspace, several, or the server', () => {
    expect(whereWords(KEY)).toBe('demo')
    expect(whereWords({ ...KEY, ws: null, workspaces: null })).toBe('the whole server')
    expect([0, 1, 4].map((workspaces) => whereWords({ ...KEY, kind: 'session', workspaces }))).toEqual(['no workspace', 'demo', '4 workspaces'])
  })

  it('is a session or a token', () => {
    expect([kindWords(KEY), kindWords({ ...KEY, scope: 'read' }), kindWords({ ...KEY, kind: 'session' })]).toEqual(['token, editor', 'token, editor, only reads', 'session'])
  })

  it('is not ended without a question that says whose it is', () => {
    expect(endQuestion(KEY)).toContain('the token of Ana (demo)')
    expect(endQuestion({ ...KEY, kind: 'session', who: 'Zoë', workspaces: 2 })).toContain('the session of Zoë (2 workspaces)')
    expect(endQuestion({ ...KEY, own: true })).toContain('you are using now')
  })
})
