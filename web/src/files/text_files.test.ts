import { IDBFactory } from 'fake-indexeddb'
import { afterEach, describe, expect, it, vi } from 'vitest'
import * as Y from 'yjs'
import { KeptFiles } from './kept_files'
import { TextFiles } from './text_files'

const ID = `sha256-${'0a'.repeat(32)}`
const locks = { request: async (_name: string, _options: { ifAvailable: true }, held: (lock: unknown) => unknown) => held({}) }

/** A document whose server is here, or not. */
class Provider {
  doc = new Y.Doc()
  listeners = new Set<(told: { status: string }) => void>()
  on(_event: 'status', listener: (told: { status: string }) => void) {
    this.listeners.add(listener)
  }
  off(_event: 'status', listener: (told: { status: string }) => void) {
    this.listeners.delete(listener)
  }
  connects() {
    for (const listener of this.listeners) listener({ status: 'connected' })
  }
}

function stage(factory = new IDBFactory()) {
  const provider = new Provider()
  const host = new EventTarget()
  let drawn = 0
  const around = { provider, host, kept: new KeptFiles('w', 'plan', factory, locks), place: () => ({ httpUrl: 'http://host', token: '' }), draw: () => `k${(drawn += 1)}`, saveAs: () => undefined }
  const leaves = () => {
    const event = new Event('beforeunload', { cancelable: true })
    host.dispatchEvent(event)
    return event.defaultPrevented
  }
  return { provider, around, leaves, files: TextFiles.of(around), factory }
}

afterEach(() => vi.unstubAllGlobals())

describe('the files of a document', () => {
  it('are the same however often it is shown', () => {
    const { around, files } = stage()
    expect(TextFiles.of(around)).toBe(files)
  })

  it('wait for the server, keep the page from being left until they are kept, and come when it is back', async () => {
    let isThere = false
    vi.stubGlobal('fetch', async () => {
      if (!isThere) throw new TypeError('Failed to fetch')
      return new Response(JSON.stringify({ id: ID, reference: `blob:${ID}`, size: 1, media: 'image/png' }), { status: 201 })
    })
    const { provider, files, leaves } = stage()
    files.arrivals.add(new Blob(['a']), { name: 'a.png', index: 0 })
    expect(leaves()).toBe(true)
    await expect.poll(() => files.arrivals.all[0]?.isKept).toBe(true)
    expect(leaves()).toBe(false)
    await expect.poll(() => files.arrivals.all[0]?.state).toBe('waiting')
    expect(provider.doc.getText('content').toString()).toBe('')
    isThere = true
    provider.connects()
    await expect.poll(() => provider.doc.getText('content').toString()).toBe(`![a.png](blob:${ID})`)
  })

  it('end with their document; the next one goes on with what is kept', async () => {
    vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('Failed to fetch')))
    const { provider, files, factory } = stage()
    files.arrivals.add(new Blob(['a']), { name: 'a.png', index: 0 })
    await expect.poll(() => files.arrivals.all[0]?.isKept).toBe(true)
    provider.doc.destroy()
    expect(provider.listeners.size).toBe(0)
    const next = stage(factory)
    await expect.poll(() => next.files.arrivals.all.map(({ name }) => name)).toEqual(['a.png'])
    next.provider.doc.destroy()
  })
})
