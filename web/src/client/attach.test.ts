import { describe, expect, it } from 'vitest'
import type { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { attach } from './attach'

describe('a room on a stock provider', () => {
  it('is about the document that the provider’s room name opens, unless it is told another', () => {
    const provider = () => ({ messageHandlers: {}, on: () => undefined, doc: new Y.Doc(), wsconnected: false, ws: null, roomname: 'FAQ%3F', url: 'u' }) as unknown as WebsocketProvider
    expect(attach(provider()).doc).toBe('FAQ?')
    expect(attach(provider(), { doc: 'plan', id: 'p' }).shown.id).toBe('p')
  })
})
