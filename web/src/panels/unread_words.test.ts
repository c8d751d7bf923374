import { describe, expect, it } from 'vitest'
import { viewOf } from '../client/fixtures'
import type { InboxEntry } from '../client/wire'
import { intentOf, unreadWords } from './unread_words'

const ended = (...seqs: number[]) => seqs.map((verdict_seq) => ({ verdict_seq }))

describe('the inbox', () => {
  it('says how many ended, with those it does not show, and whether that was while its reader was away', () => {
    expect(unreadWords([], 0, 9)).toBe('')
    expect(unreadWords(ended(8, 9), 3, 9)).toBe('While you were away, 5 of your instructions ended')
    expect(unreadWords(ended(8, 10), 0, 9)).toBe('2 of your instructions ended')
  })
})

describe('an entry', () => {
  const verdict = { intent: 'i1', state: 'overruled', code: 'ask', reason: 'Ben’s was run.' } as const
  const entry: InboxEntry = { id: 'i1', seq: 3, at: 'then', kind: 'do', text: 'mine', refs: [], verdict, verdict_seq: 7, undone_by: '' }
  const log = (known: [string, ReturnType<typeof viewOf>][]) => ({ intents: new Map(known), actor: 'Ana', role: 'editor' as const })

  it('is the intent that the page knows', () => {
    const view = viewOf('i1')
    expect(intentOf(log([['i1', view]]), entry)).toBe(view)
  })

  it('stands for itself where that is older than the page’s part of the log', () => {
    expect(intentOf(log([]), entry)).toMatchObject({ id: 'i1', actor: 'Ana', role: 'editor', state: 'overruled', reason: 'Ben’s was run.', verdict, verdictSeq: 7 })
  })
})
