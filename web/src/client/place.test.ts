import { describe, expect, it } from 'vitest'
import { FolkmootError } from './failure'
import { placeOf, protocolsOf } from './place'

const codeOf = (link: string, token?: string) => {
  try {
    placeOf(link, token)
    return ''
  } catch (error) {
    return error instanceof FolkmootError && error.remedy ? error.code : String(error)
  }
}

describe('the place of a workspace', () => {
  it('is that of a link, with its token', () => {
    expect(placeOf('https://host/w/demo#token=fm_a')).toEqual({ ws: 'demo', token: 'fm_a', socketUrl: 'wss://host/ws/demo', httpUrl: 'https://host/api/workspaces/demo' })
  })

  it('is that of a socket’s address, under the prefix of a proxy', () => {
    expect(placeOf('ws://host:8000/team/a/ws/demo', 'fm_b')).toEqual({ ws: 'demo', token: 'fm_b', socketUrl: 'ws://host:8000/team/a/ws/demo', httpUrl: 'http://host:8000/team/a/api/workspaces/demo' })
    expect(placeOf('http://host/w/w/demo/').socketUrl).toBe('ws://host/w/ws/demo')
  })

  it('takes a token that is passed before that of the link', () => {
    expect(placeOf('https://host/w/demo#token=old', 'new').token).toBe('new')
  })

  it.each(['', 'demo', '/w/demo', 'https://host/', 'https://host/w/', 'https://host/w/Demo', 'https://host/ws/demo/plan', 'ftp://host/w/demo', 'https://host/w/demo%20b'])('%j is none', (link) => {
    expect(codeOf(link)).toBe('bad_address')
  })

  it('is not where nothing was passed', () => {
    expect([undefined, null, 5, {}].map((link) => codeOf(link as string))).toEqual(Array(4).fill('bad_address'))
    expect(() => placeOf(undefined as unknown as string)).toThrow('No address of a workspace was passed.')
  })

  it('never says a token where it says that an address is none', () => {
    expect(() => placeOf('https://host/x#token=fm_secret')).toThrow(/^(?!.*fm_secret)/)
  })

  it('is no invitation, unless a token comes with it, and no token is what cannot be sent as one', () => {
    expect([codeOf('https://host/w/demo#invitation=x'), codeOf('https://host/w/demo#invitation=x', 'fm_a')]).toEqual(['invitation', ''])
    expect([codeOf('https://host/w/demo', 'a b'), codeOf('https://host/w/demo', 'a,b'), codeOf('https://host/w/demo#token=a%0Ab')]).toEqual(Array(3).fill('unauthenticated'))
  })
})

describe('the subprotocols', () => {
  it('are the server’s own, and the token where there is one', () => {
    expect([protocolsOf('t'), protocolsOf('')]).toEqual([['folkmoot', 'token.t'], ['folkmoot']])
  })
})
