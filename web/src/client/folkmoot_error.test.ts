import { expect, it } from 'vitest'
import { FolkmootError } from './folkmoot_error'

it('says why, by a code, in words, and what to do', () => {
  const error = new FolkmootError('blobs_full', 'Full.', 'Ask the owner.')
  expect(error).toBeInstanceOf(Error)
  expect([error.name, error.code, error.message, error.remedy, String(error)]).toEqual(['FolkmootError', 'blobs_full', 'Full.', 'Ask the owner.', 'FolkmootError: Full.'])
  expect(new FolkmootError('closed', 'Closed.').remedy).toBe('')
})
