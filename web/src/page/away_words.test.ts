import { describe, expect, it } from 'vitest'
import { awayWords, fileName, keptWords, mayAct } from './away_words'

describe('a document that was put away', () => {
  it('says how and by whom', () => {
    expect(awayWords('plan', { how: 'deleted', actor: 'Olga' }, 'Ana')).toBe('“plan” was deleted by Olga.')
    expect(awayWords('plan', { how: 'archived', actor: 'Ana' }, 'Ana')).toBe('“plan” was archived by you.')
    expect(awayWords('plan', { how: 'archived', actor: '' }, 'Ana')).toBe('“plan” was archived.')
  })

  it('says whether something is only here', () => {
    expect(keptWords(true)).toContain('not saved')
    expect(keptWords(false)).toContain('was saved')
  })

  it('is downloaded under a name that is one file', () => {
    expect([fileName('specs/api', 'text'), fileName('budget', 'data')]).toEqual(['specs-api.md', 'budget.json'])
  })

  it('is renamed by editors, and put away and restored by owners', () => {
    const may = (role: 'owner' | 'editor' | 'viewer') => (['rename', 'archive', 'delete', 'restore'] as const).filter((act) => mayAct(act, role))
    expect([may('owner').length, may('editor'), may('viewer')]).toEqual([4, ['rename'], []])
  })
})
