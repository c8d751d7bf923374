import { describe, expect, it } from 'vitest'
import { FolkmootError } from '../client/folkmoot_error'
import { failureWords } from './failure_words'

describe('a file that does not show', () => {
  it('says why it does not show, and what to do', () => {
    expect(failureWords(new FolkmootError('blob_gone', 'It is gone.', 'Bring it in again.'), 'picture')).toBe('This picture cannot be shown. It is gone. Bring it in again.')
    expect(failureWords({}, 'file')).toBe('This file cannot be shown.')
  })
})
