import { describe, expect, it } from 'vitest'
import { placeOfProvider } from './file_place'

describe('where files are', () => {
  it('is where the documents are, under the same prefix, with the same token', () => {
    expect(placeOfProvider({ serverUrl: 'wss://host/ws/ws/ws/demo', protocols: ['folkmoot', 'token.a.b'] })).toEqual({ httpUrl: 'https://host/ws/ws/api/workspaces/demo', token: 'a.b' })
    expect(placeOfProvider({ serverUrl: 'ws://host:8/ws/demo', protocols: ['folkmoot'] })).toEqual({ httpUrl: 'http://host:8/api/workspaces/demo', token: '' })
  })
})
