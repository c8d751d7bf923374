import { describe, expect, it } from 'vitest'
import { arrivalShown } from './arrival_widget'
import type { Arrival } from './arrivals'

const one: Arrival = { key: 'k', name: 'a.png', words: 'a', file: new Blob(['abcd']), place: new Uint8Array(), state: 'sending', sent: 1, said: '', remedy: '', isKept: false }

describe('a file on its way', () => {
  it('says how much of it has gone', () => {
    expect(arrivalShown(one)).toEqual({ name: 'a.png', words: '25 %', percent: 25, isBad: false, canTryAgain: false })
    // What a browser counts has the request's own bytes, too.
    expect(arrivalShown({ ...one, sent: 9 })).toMatchObject({ words: 'nearly there', percent: 100 })
    expect(arrivalShown({ ...one, state: 'waiting' })).toMatchObject({ words: 'waits for its turn', percent: null })
  })

  it('says what went wrong and what to do; that it is kept only where it is', () => {
    const waits: Arrival = { ...one, state: 'waiting', said: 'The connection broke.', remedy: '' }
    expect(arrivalShown(waits).words).toBe('Not sent yet. The connection broke. It is not kept should this page be closed, and is tried again by itself.')
    expect(arrivalShown({ ...waits, isKept: true }).words).toBe('Not sent yet. The connection broke. It is kept in this browser, and is tried again by itself.')
    expect(arrivalShown({ ...one, state: 'refused', said: 'Full.', remedy: 'Ask.' })).toMatchObject({ words: 'Full. Ask.', isBad: true, canTryAgain: true })
    expect(arrivalShown({ ...one, file: null, state: 'refused', said: 'No.', remedy: '' })).toMatchObject({ words: 'No.', canTryAgain: false })
  })
})
