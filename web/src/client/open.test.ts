import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type * as Y from 'yjs'
import type { LogRecord } from './wire'
import { open, type OpenOptions } from './open'
import { recordOf } from './fixtures'

/** A socket whose server the test is. */
class FakeSocket {
  static all: FakeSocket[] = []
  /** What the server does with a socket of the workspace. */
  static onMade: (socket: FakeSocket) => void = () => undefined
  readyState = 0
  sent: unknown[] = []
  onopen: (() => void) | null = null
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: ((event: { code: number; reason: string }) => void) | null = null
  onerror: (() => void) | null = null
  constructor(readonly url: string, readonly protocols: string[] = []) {
    FakeSocket.all.push(this)
    queueMicrotask(() => FakeSocket.onMade(this))
  }
  send(data: string) {
    this.sent.push(data)
  }
  close() {
    this.ends(1000)
  }
  opens() {
    if (this.readyState) return
    this.readyState = 1
    this.onopen?.()
  }
  says(...messages: object[]) {
    for (const message of messages) this.onmessage?.({ data: JSON.stringify(message) })
  }
  ends(code: number, reason = '') {
    this.readyState = 3
    this.onclose?.({ code, reason })
  }
}

const URL = 'http://host/w/demo#token=t'
const welcome = { type: 'welcome', lane: 'L', secret: 's', n: 0, seq: 3, epoch: 1, actor: 'Ana', role: 'editor', server: '' }
const board = { type: 'board', whole: true, intents: [], questions: [], drafts: [], composing: [] }
let listed: () => Promise<Response>

const opening = (more: Partial<OpenOptions> = {}) => open({ url: URL, WebSocket: FakeSocket, ...more })
const failure = (coming: Promise<unknown>) => coming.then(() => 'opened', (error: unknown) => error)

beforeEach(() => {
  FakeSocket.all = []
  listed = async () => new Response('{"seq": 5000, "ids": {"plan": "plan", "was plan": "old"}}')
  vi.stubGlobal('fetch', () => listed())
  FakeSocket.onMade = (socket) => {
    socket.opens()
    if (socket.url.endsWith('/ws/demo')) socket.says(welcome, board)
  }
})
afterEach(() => void vi.unstubAllGlobals())

describe('opening a workspace', () => {
  it('connects under the token, from a bounded part of the log on, and knows its documents', async () => {
    const room = await opening()
    expect(FakeSocket.all.map(({ url, protocols }) => [url, protocols])).toEqual([['ws://host/ws/demo', ['folkmoot', 'token.t']]])
    expect(JSON.parse(String(FakeSocket.all[0]!.sent[0]))).toEqual({ type: 'hello', seen: 3000 })
    expect([room.actor, [...room.documents]]).toEqual(['Ana', ['plan', 'was plan']])
    room.close()
  })

  it('reads the whole log where no answer can be read, and learns from it what documents are called', async () => {
    listed = async () => { throw new TypeError('Failed to fetch') }
    const renamed: LogRecord = recordOf(1, 'config', 'Ana', { acts: [{ do: 'rename', doc: 'plan', name: 'schedule' }] })
    FakeSocket.onMade = (socket) => { socket.opens(); socket.says(welcome, renamed, board) }
    const room = await opening()
    expect(JSON.parse(String(FakeSocket.all[0]!.sent[0]))).toMatchObject({ seen: 0 })
    await expect(room.document('plan')).rejects.toMatchObject({ code: 'document_renamed', message: '“plan” is called “schedule” now.' })
    void room.document('schedule').catch(() => undefined)
    expect(FakeSocket.all.at(-1)!.url).toBe('ws://host/ws/demo/_id/plan')
    room.close()
  })

  it.each([
    ['says so', (socket: FakeSocket) => { socket.opens(); socket.says({ type: 'error', code: 'unauthenticated', reason: 'No.', remedy: 'Ask.', what: 'message', document: '' }); socket.ends(4401, 'No.') }, { code: 'unauthenticated', message: 'No.', remedy: 'Ask.' }],
    ['closes', (socket: FakeSocket) => { socket.opens(); socket.ends(1008, 'Not from here.') }, { code: 'foreign_origin', message: 'Not from here.' }],
    ['is not there', (socket: FakeSocket) => socket.ends(1006), { code: 'unreachable' }],
  ])('fails at once where the server %s, and tries nothing again', async (_, does, expected) => {
    FakeSocket.onMade = does
    expect(await failure(opening())).toMatchObject(expected)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(FakeSocket.all.length).toBe(1)
  })

  it('fails with the server’s answer before any socket is made', async () => {
    listed = async () => new Response('{"code": "not_found", "detail": "No such workspace.", "remedy": "Look."}', { status: 404 })
    expect(await failure(opening())).toMatchObject({ code: 'not_found', remedy: 'Look.' })
    expect(FakeSocket.all).toEqual([])
  })

  it('waits no longer than it may, and no longer than its signal', async () => {
    FakeSocket.onMade = () => undefined
    expect(await failure(opening({ patienceMs: 20 }))).toMatchObject({ code: 'late' })
    const signal = new AbortController()
    const coming = failure(opening({ signal: signal.signal }))
    signal.abort('enough')
    expect([await coming, await failure(opening({ signal: signal.signal }))]).toEqual(['enough', 'enough'])
  })

  it.each([
    ['no address', { url: undefined }, 'bad_address'], ['no class of sockets', { WebSocket: 5 }, 'bad_option'], ['no store', { store: {} }, 'bad_option'],
    ['no signal', { signal: 5 }, 'bad_option'], ['no wait', { patienceMs: -1 }, 'bad_option'],
    ['a class that makes none', { WebSocket: class { constructor() { throw new SyntaxError('No.') } } }, 'unreachable'],
  ])('says what is wrong with %s', async (_, given, code) => {
    expect(await failure(opening(given as object))).toMatchObject({ name: 'FolkmootError', code, remedy: expect.stringMatching(/./) })
    expect(FakeSocket.all).toEqual([])
  })

  it('says so where nothing was passed at all', async () => {
    for (const given of [{}, undefined]) expect(await failure(open(given as OpenOptions))).toMatchObject({ code: 'bad_address' })
  })

  it('goes on without a store that throws', async () => {
    const full = () => { throw new Error('QuotaExceededError') }
    const room = await opening({ store: { getItem: full, setItem: full, removeItem: full }, key: 'tab' })
    const asked = room.ask('a')
    FakeSocket.all[0]!.says({ type: 'ack', n: 1, id: 'i4', seq: 4, state: 'queued' })
    expect((await asked).id).toBe('i4')
    room.close()
  })

  it('says what is missing where there is no WebSocket', async () => {
    vi.stubGlobal('WebSocket', undefined)
    expect(await failure(open({ url: URL }))).toMatchObject({ code: 'no_websocket' })
  })
})

describe('an open room', () => {
  it('opens a document by its id, once, and says why it cannot', async () => {
    const room = await opening()
    const first = failure(room.document('was plan', { patienceMs: 20 }))
    const second = failure(room.document('was plan', { patienceMs: 20 }))
    expect(FakeSocket.all.slice(1).map(({ url }) => url)).toEqual(['ws://host/ws/demo/_id/old'])
    expect(await first).toMatchObject({ code: 'late' })
    expect(await second).toMatchObject({ code: expect.stringMatching(/late|closed/) })
    await expect(room.document('a//b')).rejects.toMatchObject({ code: 'bad_name' })
    for (const name of [undefined, '', 5]) await expect(room.document(name as string)).rejects.toMatchObject({ code: 'bad_option' })
    await expect(room.document('plan', { doc: {} as Y.Doc })).rejects.toMatchObject({ code: 'bad_option' })
    expect(room.links).toEqual([])
    room.close()
  })

  it('connects anew where an act is not answered in time, and asks once', async () => {
    const room = await opening()
    expect(await failure(room.ask('a', { patienceMs: 20 }))).toMatchObject({ code: 'unanswered' })
    await vi.waitFor(() => expect(FakeSocket.all.length).toBe(2))
    await vi.waitFor(() => expect(FakeSocket.all[1]!.sent.map((one) => JSON.parse(String(one)).type)).toEqual(['hello', 'intent']))
    room.close()
  })

  it('has documents without a warning, however many', async () => {
    const { process } = globalThis as unknown as { process: { listenerCount: (event: string) => number } }
    const before = process.listenerCount('exit')
    const room = await opening()
    for (let at = 0; at < 12; at += 1) void room.document(`d${at}`).catch(() => undefined)
    expect([room.links.length, process.listenerCount('exit')]).toEqual([12, before])
    room.close()
  })

  it('brings a file in, and says what documents name it by', async () => {
    const room = await opening()
    const id = `sha256-${'0a'.repeat(32)}`
    const asked = vi.fn(async (_address: string, _init: RequestInit) => new Response(JSON.stringify({ id, reference: `blob:${id}`, size: 3, media: 'image/png' }), { status: 201 }))
    vi.stubGlobal('fetch', asked)
    expect(await room.upload(new Blob(['abc'], { type: 'image/png' }), { name: 'boots.png' })).toBe(`blob:${id}`)
    expect(asked.mock.calls[0]).toMatchObject(['http://host/api/workspaces/demo/blobs?filename=boots.png', { headers: { authorization: 'Bearer t' } }])
    const reported = vi.fn()
    vi.stubGlobal('reportError', reported)
    expect(await room.upload(new Blob(['abc']), { onProgress: () => { throw new Error('drawing') } })).toBe(`blob:${id}`)
    expect(reported).toHaveBeenCalledOnce()
    for (const [file, more] of [[undefined, {}], ['abc', {}], [new Blob(), { name: 5 }], [new Blob(), { signal: 5 }]]) {
      expect(await failure(room.upload(file as Blob, more as object))).toMatchObject({ code: 'bad_option' })
    }
    room.close()
    expect(await failure(room.upload(new Blob(['abc'])))).toMatchObject({ code: 'closed' })
    expect(asked).toHaveBeenCalledTimes(2)
  })

  it('is over once it is closed, with all that waits', async () => {
    const room = await opening()
    const asked = failure(room.ask('a'))
    const document = failure(room.document('plan'))
    room.close()
    expect(await asked).toMatchObject({ code: 'closed' })
    expect(await document).toMatchObject({ code: 'closed' })
    await expect(room.ask('b')).rejects.toMatchObject({ code: 'closed' })
    await expect(room.document('plan')).rejects.toMatchObject({ code: 'closed' })
    expect(FakeSocket.all.map(({ readyState }) => readyState)).toEqual([3, 3])
  })
})
