import { describe, expect, it } from 'vitest'
import { storeOf } from '../client/fixtures'
import { Lane } from '../client/lane'
import type { ServerMessage } from '../client/wire'
import { Courier, hasUnanswered, type Undelivered } from './courier'
import { silentCarrier } from './fixtures'

function left(...texts: string[]) {
  const store = storeOf()
  const lane = new Lane(store, 'lane:t1')
  lane.welcome('L7', 'secret', 0)
  for (const text of texts) lane.issue({ kind: 'do', text })
  return store
}
const welcome = (n: number) => ({ type: 'welcome', lane: 'L7', secret: 'secret', n, seq: 9, epoch: 1, actor: 'Ana', role: 'editor', server: '' }) as ServerMessage
const ack = (n: number) => ({ type: 'ack', n, id: `i${n}`, seq: n, state: 'queued' }) as ServerMessage

describe('what a page that is gone has left', () => {
  it('goes out on its own lane, under its own numbers, and is forgotten once it was answered', async () => {
    const store = left('a', 'b')
    const at = silentCarrier()
    const refused: Undelivered[] = []
    const courier = new Courier(store, 'lane:t1', at.connect, (what) => refused.push(what))
    at.events().carrierOpened()
    expect(at.sent).toEqual([{ type: 'hello', seen: 0, follow: false, lane: 'L7', secret: 'secret' }])
    at.events().carrierTold(welcome(0))
    expect(at.sent.slice(1)).toMatchObject([{ n: 1, text: 'a' }, { n: 2, text: 'b' }])
    at.events().carrierTold(ack(1))
    expect(hasUnanswered(store, 'lane:t1')).toBe(true)
    at.events().carrierTold(ack(2))
    await courier.done
    expect([store.getItem('lane:t1'), at.calls, refused]).toEqual([null, ['connect', 'disconnect'], []])
  })

  it('is sent again over a new connection, and its author told of what is not taken', async () => {
    const store = left('bad', 'good')
    const at = silentCarrier()
    const refused: Undelivered[] = []
    const courier = new Courier(store, 'lane:t1', at.connect, (what) => refused.push(what))
    at.events().carrierOpened()
    at.events().carrierTold(welcome(0))
    at.events().carrierClosed({ code: 1006, reason: '' })
    at.events().carrierOpened()
    at.events().carrierTold(welcome(0))
    at.events().carrierTold({ type: 'nack', n: 1, code: 'forbidden', reason: 'no' } as ServerMessage)
    at.events().carrierTold({ type: 'nack', n: 2, code: 'gap', reason: '' } as ServerMessage)
    expect(refused).toMatchObject([{ reason: 'no', intent: { text: 'bad' } }])
    at.events().carrierTold(ack(1))
    await courier.done
    expect(store.getItem('lane:t1')).toBeNull()
  })

  it('stays where the server does not let it in', async () => {
    const store = left('a')
    const at = silentCarrier()
    const courier = new Courier(store, 'lane:t1', at.connect, () => undefined)
    at.events().carrierOpened()
    at.events().carrierClosed({ code: 4401, reason: 'ended' })
    await courier.done
    expect(hasUnanswered(store, 'lane:t1')).toBe(true)
  })
})
