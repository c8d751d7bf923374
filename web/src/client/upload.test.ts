import { afterEach, describe, expect, it, vi } from 'vitest'
import { FolkmootError } from './folkmoot_error'
import { fileNameSent, upload, uploadedBy } from './upload'

const PLACE = { httpUrl: 'https://host/api/workspaces/demo', token: 't' }
const ID = `sha256-${'a'.repeat(64)}`
const HERE = { id: ID, reference: `blob:${ID}`, size: 3, media: 'image/png', by: [] }
const json = (status: number, body: unknown) => new Response(JSON.stringify(body), { status })

afterEach(() => vi.unstubAllGlobals())

describe('the name of a file', () => {
  it('is one that the server takes, and keeps its end', () => {
    expect(fileNameSent('boots.png')).toBe('boots.png')
    expect(fileNameSent('a/b\\c"d\u0000e\nf\u202eg.png')).toBe('a_b_c_d_e_f_g.png')
    expect(fileNameSent(`${'é😀'.repeat(150)}.png`)).toHaveLength(4 + 98 + 98 * 2)
    expect([...fileNameSent(`${'é😀'.repeat(150)}.png`)]).toHaveLength(200)
  })
})

describe('an upload', () => {
  it('is the file itself, under its name, with the token', async () => {
    const asked = vi.fn(async (_address: string, _init: RequestInit) => json(201, HERE))
    vi.stubGlobal('fetch', asked)
    const progress: number[][] = []
    const file = new File(['abc'], 'my boots.png', { type: 'image/png' })
    const { reference, size, media } = await upload(PLACE, file, { onProgress: (...told) => progress.push(told) })
    expect([reference, size, media]).toEqual([`blob:${ID}`, 3, 'image/png'])
    expect(progress).toEqual([[3, 3]])
    const [address, init] = asked.mock.calls[0]!
    expect(address).toBe('https://host/api/workspaces/demo/blobs?filename=my%20boots.png')
    expect(init).toMatchObject({ method: 'POST', headers: { authorization: 'Bearer t', 'content-type': 'image/png' }, body: file })
  })

  it('says what the server refuses, with what to do', async () => {
    vi.stubGlobal('fetch', async () => json(507, { code: 'blobs_full', detail: 'Full.', remedy: 'Ask the owner.' }))
    await expect(upload(PLACE, new Blob(['abc']))).rejects.toMatchObject({ code: 'blobs_full', message: 'Full.', remedy: 'Ask the owner.' })
  })

  it('is unreachable where nobody answers, and ends by the signal', async () => {
    vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('Failed to fetch')))
    await expect(upload(PLACE, new Blob(['abc']))).rejects.toMatchObject({ code: 'unreachable' })
    const gone = AbortSignal.abort(new Error('enough'))
    await expect(upload(PLACE, new Blob(['abc']), { signal: gone })).rejects.toThrow('enough')
  })
})

describe('what is no answer of the server', () => {
  it('is an error by its status', () => {
    const failed = (status: number, body: string) => {
      try {
        return uploadedBy({ status, body })
      } catch (error) {
        return (error as FolkmootError).code
      }
    }
    expect(failed(502, '<html>')).toBe('unreachable')
    expect(failed(413, '')).toBe('blob_too_large')
    expect(failed(400, 'null')).toBe('closed')
    expect(failed(200, '{}')).toBe('closed')
  })
})

/** A browser's request, as far as it is used. */
class Request {
  static last: Request
  upload: { onprogress?: (event: { loaded: number }) => void } = {}
  status = 0
  responseText = ''
  sent: unknown
  onload?: () => void
  onerror?: () => void
  onabort?: () => void
  onloadend?: () => void
  constructor() {
    Request.last = this
  }
  open(): void {}
  setRequestHeader(): void {}
  send(body: unknown): void {
    this.sent = body
  }
  abort(): void {
    this.onabort?.()
    this.onloadend?.()
  }
}

describe('an upload in a browser', () => {
  it('tells how much has gone', async () => {
    vi.stubGlobal('XMLHttpRequest', Request)
    const progress: number[] = []
    const done = upload(PLACE, new Blob(['abc']), { onProgress: (sent) => progress.push(sent) })
    const { last } = Request
    last.upload.onprogress?.({ loaded: 2 })
    Object.assign(last, { status: 200, responseText: JSON.stringify(HERE) })
    last.onload?.()
    last.onloadend?.()
    expect((await done).id).toBe(ID)
    expect(progress).toEqual([2])
  })

  it('breaks off where nothing moves for a minute, and by the signal', async () => {
    vi.useFakeTimers()
    vi.stubGlobal('XMLHttpRequest', Request)
    const still = upload(PLACE, new Blob(['abc'])).catch((error: FolkmootError) => error.code)
    vi.advanceTimersByTime(60_000)
    vi.useRealTimers()
    expect(await still).toBe('unreachable')
    const given = new AbortController()
    const up = upload(PLACE, new Blob(['abc']), { signal: given.signal })
    given.abort(new Error('enough'))
    await expect(up).rejects.toThrow('enough')
  })
})
