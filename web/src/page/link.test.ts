import { describe, expect, it } from 'vitest'
import { storeOf } from '../client/fixtures'
import { forgetInvitation, readInvitation, readToken, tokenIn, workspaceIn } from './link'

describe('a link', () => {
  it('names the workspace, as it came', () => {
    expect(['/w/team-1', '/w/a%20b/', '/w/', '/'].map(workspaceIn)).toEqual(['team-1', 'a%20b', 'demo', 'demo'])
  })

  it('brings a token once: the tab keeps it', () => {
    const kept = new Map<string, string>()
    expect(readToken('x', '#token=a.b', storeOf(kept))).toEqual({ token: 'a.b', isFresh: true })
    expect(readToken('x', '', storeOf(kept))).toEqual({ token: 'a.b', isFresh: false })
  })

  it('gives no token to another workspace, and none where there was none', () => {
    const kept = new Map<string, string>()
    readToken('x', '#token=a.b', storeOf(kept))
    expect(readToken('y', '#other=1', storeOf(kept)).token).toBe('')
  })
})

describe('what is pasted for a link', () => {
  it('may be the link, its end or the token', () => {
    for (const pasted of ['http://here:8000/w/x#token=fm_1_2', ' #token=fm_1_2\n', 'token=fm_1_2', 'fm_1_2']) expect(tokenIn(pasted)).toBe('fm_1_2')
    for (const pasted of ['', 'http://here:8000/w/x', 'hello there']) expect(tokenIn(pasted)).toBe('')
  })
})

describe('an invitation', () => {
  it('is kept by the tab until it is taken up, and then the old token goes', () => {
    const kept = new Map([['folkmoot:x:token', 'old']])
    expect(readInvitation('x', '', storeOf(kept))).toBe('')
    expect(readInvitation('x', '#invitation=fi_1', storeOf(kept))).toBe('fi_1')
    expect(readInvitation('x', '', storeOf(kept))).toBe('fi_1')
    expect(readInvitation('y', '', storeOf(kept))).toBe('')
    forgetInvitation('x', storeOf(kept), true)
    expect([...kept.keys()]).toEqual([])
  })

  it('that is put away leaves the token', () => {
    const kept = new Map([['folkmoot:x:token', 'old'], ['folkmoot:x:invitation', 'fi_1']])
    forgetInvitation('x', storeOf(kept), false)
    expect([...kept.keys()]).toEqual(['folkmoot:x:token'])
  })
})
