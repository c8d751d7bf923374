import { afterEach, describe, expect, it, vi } from 'vitest'
import { storeOf } from './fixtures'
import { guardedListener, guardedSocket, guardedStore, signalOf } from './handed_in'
import { Lane, type Store } from './lane'
import type { SocketClass } from './open'

afterEach(() => void vi.unstubAllGlobals())

const full = () => { throw new Error('QuotaExceededError') }
const bad = (does: () => unknown) => expect(does).toThrow(expect.objectContaining({ code: 'bad_option', remedy: expect.stringMatching(/./) }))

describe('a store that was handed in', () => {
  it('is as if there were none where it throws, at once or later', async () => {
    for (const fails of [full, async () => full()]) {
      const lane = new Lane(guardedStore({ getItem: fails, setItem: fails, removeItem: fails } as unknown as Store), 'key')
      lane.welcome('L', 's', 4)
      expect(lane.issue({ kind: 'do', text: 'a' }).n).toBe(5)
      lane.renew()
      expect(lane.pending.map(({ n, text }) => [n, text])).toEqual([[1, 'a']])
    }
    // A promise of the store that nobody had listened to would fail this test by now.
    await new Promise((resolve) => setTimeout(resolve, 5))
  })

  it('keeps a lane, and brings it back', () => {
    const kept = new Map<string, string>()
    const first = new Lane(guardedStore(storeOf(kept)), 'key')
    first.welcome('L', 's', 0)
    first.issue({ kind: 'do', text: 'a' })
    const second = new Lane(guardedStore(storeOf(kept)), 'key')
    expect([second.lane, second.n, second.pending]).toEqual(['L', 1, first.pending])
    second.renew()
    expect(kept.size).toBe(0)
  })

  it.each([
    '{', '5', 'null', '[]', '{"lane":5,"pending":"x"}', '{"lane":"L","secret":"s","n":1,"seen":0,"pending":"x"}', '{"lane":"L","secret":"s","n":-1,"seen":0,"pending":[]}',
    '{"lane":"L","secret":"s","n":1,"seen":0,"pending":[5]}', '{"lane":"L","secret":"s","n":1,"seen":0,"pending":[{"type":"intent","n":"1","seen":0,"kind":"do","text":"a"}]}',
  ])('brings no lane back that is none: %s', (kept) => {
    const lane = new Lane(guardedStore(storeOf(new Map([['key', kept]]))), 'key')
    lane.welcome('L', 's', 0)
    expect([lane.n, lane.pending]).toEqual([0, []])
  })

  it('is none without its three functions', () => {
    for (const given of [{}, 5, { getItem: full, setItem: full }]) bad(() => guardedStore(given as unknown as Store))
    expect(guardedStore(undefined).getItem('key')).toBeNull()
  })
})

describe('a class of sockets that was handed in', () => {
  it('makes them as it does, with what it has itself', () => {
    class Fake { static OPEN = 1; readyState = 0; constructor(readonly url: string) {} send() {} close() {} }
    const Socket = guardedSocket(Fake)
    const socket = new Socket('ws://host')
    expect(socket).toMatchObject({ url: 'ws://host' })
    expect([socket instanceof Fake, (Socket as typeof Fake).OPEN]).toEqual([true, 1])
  })

  it('closes at once what it cannot make, and says why', async () => {
    const Socket = guardedSocket(class { readyState = 0; constructor() { throw new Error('Not from https.') } send() {} close() {} })
    const socket = new Socket('ws://host') as InstanceType<SocketClass> & { onclose: (event: object) => void }
    const closed = new Promise((resolve) => (socket.onclose = resolve))
    socket.close()
    expect([await closed, socket.readyState]).toEqual([{ code: 1006, reason: 'Not from https.' }, 3])
  })

  it('is none where nothing can be made of it', () => {
    for (const given of [5, {}, () => undefined]) bad(() => guardedSocket(given as unknown as SocketClass))
  })
})

describe('a listener that was handed in', () => {
  it('breaks nothing by what it throws, which is reported', async () => {
    const reported = vi.fn()
    vi.stubGlobal('reportError', reported)
    guardedListener(full)()
    expect(reported).toHaveBeenCalledWith(expect.objectContaining({ message: 'QuotaExceededError' }))
    vi.stubGlobal('reportError', undefined)
    const later: (() => void)[] = []
    vi.stubGlobal('queueMicrotask', (does: () => void) => later.push(does))
    guardedListener(full)()
    expect(later[0]).toThrow('QuotaExceededError')
  })

  it('is told what there is to tell, and is a function', () => {
    const heard: unknown[] = []
    guardedListener((...given: number[]) => heard.push(given))(1, 2)
    expect(heard).toEqual([[1, 2]])
    bad(() => guardedListener(5 as unknown as () => void))
  })
})

describe('a signal that was handed in', () => {
  it('is one, or none', () => {
    const { signal } = new AbortController()
    expect([signalOf(signal), signalOf(undefined), signalOf(null)]).toEqual([signal, undefined, undefined])
    for (const given of [5, {}, new EventTarget()]) bad(() => signalOf(given as AbortSignal))
  })
})
