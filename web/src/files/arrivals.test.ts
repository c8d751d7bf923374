import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import * as Y from 'yjs'
import { FolkmootError } from '../client/folkmoot_error'
import type { Uploaded } from '../client/upload'
import { Arrivals, ARRIVALS_MAX, type ArrivalsAround, type KeptArrival } from './arrivals'

const idOf = (name: string) => `sha256-${name.charCodeAt(0).toString(16).padStart(64, '0')}`
const named = (name: string) => `![${name}](blob:${idOf(name)})`

/** An upload that the test ends. */
interface Sent { name: string; signal: AbortSignal; onProgress: (sent: number) => void; ends: (media?: string) => Promise<void>; fails: (error: unknown) => Promise<void> }

function stage(words: string, more: Partial<ArrivalsAround> = {}) {
  const text = new Y.Doc().getText('content')
  text.insert(0, words)
  const sent: Sent[] = []
  const kept = new Map<string, KeptArrival>()
  let drawn = 0
  const settled = () => new Promise<void>((resolve) => queueMicrotask(() => queueMicrotask(() => queueMicrotask(resolve))))
  const arrivals = new Arrivals(text, {
    send: (_file, options) => new Promise<Uploaded>((resolve, reject) => {
      sent.push({
        ...options,
        ends: (media = 'image/png') => (resolve({ id: idOf(options.name), reference: `blob:${idOf(options.name)}`, size: 1, media }), settled()),
        fails: (error) => (reject(error), settled()),
      })
    }),
    keep: async (one) => (kept.set(one.key, one), true),
    letGo: (key) => void kept.delete(key),
    mayWrite: () => true,
    draw: () => `k${(drawn += 1)}`,
    ...more,
  })
  const add = (name: string, index: number) => arrivals.add(new Blob([name]), { name, index })
  return { text, sent, kept, arrivals, add, settled }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('a file on its way', () => {
  it('is nothing in the text until it is there, then stands where it was dropped, whatever others wrote', async () => {
    const { text, sent, kept, arrivals, add, settled } = stage('one two')
    add('a', 4)
    await settled()
    expect(text.toString()).toBe('one two')
    expect(arrivals.all[0]).toMatchObject({ state: 'sending', isKept: true })
    sent[0]!.onProgress(1)
    expect(arrivals.all[0]!.sent).toBe(1)
    text.insert(0, 'zero ')
    text.insert(text.length, ' three')
    await sent[0]!.ends()
    expect(text.toString()).toBe(`zero one ${named('a')}two three`)
    expect(arrivals.all).toEqual([])
    expect(kept.size).toBe(0)
  })

  it('is a link where it is no picture by its bytes', async () => {
    const { text, sent, add } = stage('')
    add('a', 0)
    await sent[0]!.ends('application/pdf')
    expect(text.toString()).toBe(`[a](blob:${idOf('a')})`)
  })

  it('keeps the order of all that came to one place, two at a time', async () => {
    const { text, sent, add } = stage('xy')
    for (const name of ['a', 'b', 'c']) add(name, 1)
    expect(sent.map(({ name }) => name)).toEqual(['a', 'b'])
    await sent[1]!.ends()
    expect(sent.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
    await sent[0]!.ends()
    await sent[2]!.ends()
    expect(text.toString()).toBe(`x${named('a')}\n${named('b')}\n${named('c')}y`)
  })

  it('is cancelled with nothing left of it', async () => {
    const { text, sent, kept, arrivals, add, settled } = stage('x')
    add('a', 0)
    await settled()
    arrivals.cancel(arrivals.all[0]!)
    expect(sent[0]!.signal.aborted).toBe(true)
    await sent[0]!.ends()
    expect([text.toString(), arrivals.all.length, kept.size]).toEqual(['x', 0, 0])
  })
})

describe('a file that did not come', () => {
  it('says why, stays to be tried again, and holds up no other', async () => {
    const { text, sent, arrivals, add } = stage('')
    add('a', 0)
    add('b', 0)
    await sent[0]!.fails(new FolkmootError('blobs_full', 'Full.', 'Ask the owner.'))
    await sent[1]!.ends()
    expect(text.toString()).toBe(named('b'))
    const [left] = arrivals.all
    expect(left).toMatchObject({ name: 'a', state: 'refused', said: 'Full.', remedy: 'Ask the owner.' })
    arrivals.again(left!)
    await sent[2]!.ends()
    expect(text.toString()).toBe(`${named('a')}\n${named('b')}`)
  })

  it('is tried again by itself where the server was not reached', async () => {
    const { sent, arrivals, add } = stage('')
    add('a', 0)
    await sent[0]!.fails(new FolkmootError('unreachable', 'Broke.', 'Wait.'))
    expect(arrivals.all[0]).toMatchObject({ state: 'waiting', said: 'Broke.' })
    expect(sent).toHaveLength(1)
    vi.advanceTimersByTime(3_000)
    expect(sent).toHaveLength(2)
    await sent[1]!.fails(new FolkmootError('unreachable', 'Broke.', 'Wait.'))
    arrivals.go()
    expect(sent).toHaveLength(3)
    arrivals.end()
    vi.advanceTimersByTime(60_000)
    expect(sent).toHaveLength(3)
  })

  it('is not written by who may only read by then', async () => {
    const { text, sent, arrivals, add } = stage('', { mayWrite: () => false })
    add('a', 0)
    await sent[0]!.ends()
    expect(text.toString()).toBe('')
    expect(arrivals.all[0]).toMatchObject({ state: 'refused', said: 'You may only read this document now.' })
  })

  it('is not called kept where the browser has no room', async () => {
    const { arrivals, add, settled } = stage('', { keep: async () => false })
    add('a', 0)
    await settled()
    expect(arrivals.all[0]!.isKept).toBe(false)
  })

  it('is one of a bounded number', () => {
    const { arrivals, add } = stage('')
    for (let at = 0; at < 5 * ARRIVALS_MAX; at += 1) add('a', 0)
    expect(arrivals.all.filter(({ file }) => file)).toHaveLength(ARRIVALS_MAX)
    expect(arrivals.all.length).toBeLessThanOrEqual(2 * ARRIVALS_MAX)
  })
})

describe('a file that a page before has kept', () => {
  it('goes on to its place, once', async () => {
    const { text, sent, kept, arrivals, add, settled } = stage('ab')
    add('a', 1)
    await settled()
    const [one] = [...kept.values()]
    const other = new Y.Doc()
    Y.applyUpdate(other, Y.encodeStateAsUpdate(text.doc!))
    const next = stage('')
    const again = new Arrivals(other.getText('content'), { send: async () => ({ id: idOf('a'), reference: `blob:${idOf('a')}`, size: 1, media: 'image/png' }), keep: async () => true, letGo: () => undefined, mayWrite: () => true, draw: () => '' })
    again.resume(one!)
    again.resume(one!)
    await next.settled()
    await next.settled()
    expect(other.getText('content').toString()).toBe(`a${named('a')}b`)
    expect([sent.length, arrivals.all.length]).toEqual([1, 1])
  })
})
