import { afterEach, describe, expect, it, vi } from 'vitest'
import { fileToSave, nameIn, readFile } from './transfer'

const PLACE = { httpUrl: 'https://host/api/workspaces/demo', token: 't' }
const ID = `sha256-${'a'.repeat(64)}`

afterEach(() => vi.unstubAllGlobals())

const answers = (body: string | null, headers: Record<string, string>, status = 200) => {
  const asked = vi.fn(async (_address: string, _init: RequestInit) => new Response(body, { status, headers }))
  vi.stubGlobal('fetch', asked)
  return asked
}

describe('the name of a file', () => {
  it('is the one that the server says', () => {
    expect(nameIn(`inline; filename="a.png"; filename*=UTF-8''%C3%A9%F0%9F%98%80.png`)).toBe('é😀.png')
    expect(nameIn('attachment; filename="a.png"')).toBe('a.png')
    expect(nameIn(`attachment; filename="a.png"; filename*=UTF-8''%zz`)).toBe('a.png')
    expect(nameIn('inline')).toBe('')
  })
})

describe('a file that is read', () => {
  it('is asked for with the token, and has bytes where it is a picture', async () => {
    const asked = answers('abc', { 'content-type': 'image/png', 'content-length': '3', 'content-disposition': 'inline; filename="a.png"' })
    const read = await readFile(PLACE, ID)
    expect([read.name, read.size, read.picture?.size]).toEqual(['a.png', 3, 3])
    expect(asked.mock.calls[0]).toMatchObject([`${PLACE.httpUrl}/blobs/${ID}`, { headers: { authorization: 'Bearer t' } }])
    answers('<svg/>', { 'content-type': 'image/svg+xml' })
    expect((await readFile(PLACE, ID)).picture).toBeNull()
  })

  it('is not there in the server’s words', async () => {
    answers(JSON.stringify({ code: 'blob_gone', detail: 'Gone.', remedy: 'Bring it in again.' }), {}, 410)
    await expect(readFile(PLACE, ID)).rejects.toMatchObject({ code: 'blob_gone', message: 'Gone.', remedy: 'Bring it in again.' })
    answers('<html>', {}, 502)
    await expect(readFile(PLACE, ID)).rejects.toMatchObject({ code: 'unreachable' })
    vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('Failed')))
    await expect(fileToSave(PLACE, ID, '')).rejects.toMatchObject({ code: 'unreachable' })
  })

  it('is saved under its name, never as a page', async () => {
    answers('abc', { 'content-type': 'text/html' })
    const file = await fileToSave(PLACE, ID, 'plan.html')
    expect([file.name, file.type, file.size]).toEqual(['plan.html', 'application/octet-stream', 3])
  })
})
