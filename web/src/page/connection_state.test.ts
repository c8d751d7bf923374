import { describe, expect, it } from 'vitest'
import { connectionState, endedWords, isClosed } from './connection_state'

describe('the connection', () => {
  it('says the worst that is true', () => {
    const all = { lost: false, welcomed: true, synced: true, unsaved: false, kept: true }
    expect(connectionState(all, '')).toEqual({ words: 'saved', tone: 'good' })
    expect(connectionState({ ...all, unsaved: true }, '')).toEqual({ words: 'saving…', tone: 'busy' })
    expect(connectionState({ ...all, synced: false }, '')).toEqual({ words: 'loading…', tone: 'busy' })
    expect(connectionState({ ...all, welcomed: false, unsaved: true }, '')).toEqual({ words: 'connecting…', tone: 'busy' })
    expect(connectionState({ ...all, lost: true, welcomed: false, synced: false, unsaved: true }, '')).toEqual({ words: 'offline: your edits and instructions wait here', tone: 'bad' })
    expect(connectionState({ ...all, lost: true, kept: false }, '').words).toMatch(/^offline: keep this page open/)
    expect(connectionState(all, 'it moved')).toEqual({ words: 'it moved', tone: 'bad' })
  })

  it('closes a document to writing, but not because a link has ended', () => {
    expect([isClosed(null, null), isClosed(null, { code: 4401 }), isClosed({ code: 4401 }, null), isClosed({ code: 4404 }, null), isClosed(null, { code: 4410 })]).toEqual([false, false, false, true, true])
  })

  it('is closed for good in words, not in codes', () => {
    expect(endedWords('unauthenticated: This link has ended.')).toBe('This link has ended.')
    expect(endedWords('closed (4499)')).toBe('closed (4499)')
  })
})
