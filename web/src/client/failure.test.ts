import { describe, expect, it } from 'vitest'
import { failureOf, FolkmootError } from './failure'

describe('why a connection is over', () => {
  it('has a code, the server’s words and what to do', () => {
    const failure = failureOf({ code: 4401, reason: 'No valid token.' })
    expect(failure).toBeInstanceOf(FolkmootError)
    expect([failure.code, failure.message, failure.remedy, failure.name]).toEqual(['unauthenticated', 'No valid token.', 'Ask the owner for a new link.', 'FolkmootError'])
  })

  it('is that nobody was there where nothing was ever closed', () => {
    expect([failureOf(null).code, failureOf({ code: 1006, reason: '' }).message]).toEqual(['unreachable', 'The server was not reached.'])
  })

  it('is a close with its number where it has no name', () => {
    expect([failureOf({ code: 4999, reason: '' }).code, failureOf({ code: 4999, reason: '' }).message]).toEqual(['closed', 'The connection was closed (4999).'])
  })
})
