import { describe, expect, it } from 'vitest'
import { connectionState, finalReason } from './connection_state'

describe('the connection', () => {
  it('says the worst that is true', () => {
    const all = { online: true, welcomed: true, synced: true, unsaved: false }
    expect(connectionState(all, '')).toEqual({ words: 'saved', tone: 'good' })
    expect(connectionState({ ...all, unsaved: true }, '')).toEqual({ words: 'saving…', tone: 'busy' })
    expect(connectionState({ ...all, synced: false }, '')).toEqual({ words: 'loading…', tone: 'busy' })
    expect(connectionState({ ...all, welcomed: false, unsaved: true }, '')).toEqual({ words: 'connecting…', tone: 'busy' })
    expect(connectionState({ online: false, welcomed: false, synced: false, unsaved: true }, '')).toEqual({ words: 'offline: your edits and instructions wait here', tone: 'bad' })
    expect(connectionState(all, 'retired: it moved')).toEqual({ words: 'retired: it moved', tone: 'bad' })
  })

  it('is closed for good by the codes that are final, and by no others', () => {
    expect(finalReason({ code: 4403, reason: 'forbidden: no' })).toBe('forbidden: no')
    expect(finalReason({ code: 4400, reason: '' })).toBe('closed (4400)')
    for (const code of [1000, 1009, 1013, 4399, 4500]) expect(finalReason({ code, reason: 'x' })).toBe('')
    expect(finalReason(null)).toBe('')
  })
})
