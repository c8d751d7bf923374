import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { PATIENCE_MS, SILENCE_MS, followNetwork } from './network'

const NOW = 1_000_000

function standing(wsconnected = true) {
  const sent: Uint8Array[] = []
  const provider = {
    wsconnected,
    wsLastMessageReceived: NOW - 10,
    doc: new Y.Doc(),
    ws: { send: (frame: unknown) => void sent.push(frame as Uint8Array) },
  }
  const host = new EventTarget()
  return { provider, sent, host, stop: followNetwork(provider, host, () => NOW) }
}

test.each(['offline', 'online'])('a browser that is %s asks the server, which has some seconds to answer', (kind) => {
  const { provider, sent, host } = standing()
  host.dispatchEvent(new Event(kind))
  expect([...sent[0]!]).toEqual([0, 0, 1, 0]) // sync, step 1, an empty state vector
  expect(SILENCE_MS - (NOW - provider.wsLastMessageReceived)).toBe(PATIENCE_MS)
})

test('asking again gives no more time', () => {
  const { provider, host } = standing()
  provider.wsLastMessageReceived = NOW - SILENCE_MS
  host.dispatchEvent(new Event('offline'))
  expect(provider.wsLastMessageReceived).toBe(NOW - SILENCE_MS)
})

test('nothing is asked where there is no connection, or nobody follows any more', () => {
  const away = standing(false)
  away.host.dispatchEvent(new Event('online'))
  const left = standing()
  left.stop()
  left.host.dispatchEvent(new Event('offline'))
  expect([...away.sent, ...left.sent]).toEqual([])
})
