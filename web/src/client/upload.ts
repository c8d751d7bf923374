/** A file on its way to the server (docs/blobs.md): whole, with how much of it has gone, until it is on the server's disk. */
import { FolkmootError } from './folkmoot_error'
import type { Place } from './place'

/** So long nothing may move before an upload counts as broken off. */
const STILL_MS = 60_000
/** What the server takes as a file's name: printable, no path. */
const NAME_POINTS_MAX = 200
const NOT_IN_NAMES = /[/\\"\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|[^\S ]|[\uD800-\uDFFF]/gu

export interface UploadOptions {
  /** How it is called; that of a `File` where it is left out. */
  name?: string
  signal?: AbortSignal
  /** How many bytes have gone, of how many; in node, which does not tell, at the end alone. */
  onProgress?: (sent: number, size: number) => void
}

/** A file that is on the server's disk; `reference` is what documents name it by, `media` what its bytes say it is. */
export interface Uploaded { id: string; reference: string; size: number; media: string }

interface ServerAnswer { status: number; body: string }

/** A file's name as the server takes it: what it does not take is an underscore. */
export function fileNameSent(name: string): string {
  return [...name.replace(NOT_IN_NAMES, '_')].slice(-NAME_POINTS_MAX).join('')
}

/**
 * Bring a file in; it is on disk once this returns, and no document names it yet.
 *
 * Rejects with a `FolkmootError`: `unreachable` where the connection broke or was silent for a minute, else as the server
 * says (`blob_too_large`, `blob_share_full`, `blobs_full`, `too_many_uploads`, `forbidden`, …); with the signal's reason
 * where that gives it up. Any of it may be done again: nothing is there twice.
 */
export async function upload({ httpUrl, token }: Pick<Place, 'httpUrl' | 'token'>, file: Blob, options: UploadOptions = {}): Promise<Uploaded> {
  const { signal, onProgress } = options
  signal?.throwIfAborted()
  const name = fileNameSent(options.name ?? (file as Partial<File>).name ?? '')
  const address = `${httpUrl}/blobs${name && `?filename=${encodeURIComponent(name)}`}`
  const headers = { 'content-type': file.type || 'application/octet-stream', ...(token && { authorization: `Bearer ${token}` }) }
  const told = (sent: number) => onProgress?.(sent, file.size)
  const answer = await (typeof XMLHttpRequest === 'undefined' ? byFetch : byRequest)(address, headers, file, signal, told)
  return uploadedBy(answer)
}

/** What the server said. Throws a `FolkmootError` where it is no file. */
export function uploadedBy({ status, body }: ServerAnswer): Uploaded {
  let said: Partial<Record<string, unknown>> = {}
  try {
    const read: unknown = JSON.parse(body)
    if (typeof read === 'object' && read) said = { ...read }
  } catch {
    // Something before the server answered in its place: its status is all that is known.
  }
  const { id, reference, size, media } = said
  if (status >= 200 && status < 300 && typeof id === 'string' && typeof reference === 'string') return { id, reference, size: Number(size), media: String(media) }
  const code = typeof said.code === 'string' ? said.code : status >= 500 ? 'unreachable' : status === 413 ? 'blob_too_large' : 'closed'
  throw new FolkmootError(code, String(said.detail ?? `The server answered ${status}.`), String(said.remedy ?? 'Try again.'))
}

/** The upload broke. */
function broken(): FolkmootError {
  return new FolkmootError('unreachable', 'The connection to the server broke.', 'Try again when the server is back.')
}

/** As browsers do it, which say how much has gone. */
function byRequest(address: string, headers: Record<string, string>, file: Blob, signal: AbortSignal | undefined, told: (sent: number) => void): Promise<ServerAnswer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    let timer: ReturnType<typeof setTimeout> | undefined
    const abort = () => request.abort()
    const moves = () => {
      clearTimeout(timer)
      timer = setTimeout(abort, STILL_MS)
    }
    request.open('POST', address)
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
    request.upload.onprogress = ({ loaded }) => {
      moves()
      told(loaded)
    }
    request.onload = () => resolve({ status: request.status, body: request.responseText })
    request.onerror = () => reject(broken())
    request.onabort = () => reject(signal?.aborted ? signal.reason : broken())
    request.onloadend = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
    signal?.addEventListener('abort', abort)
    moves()
    request.send(file)
  })
}

async function byFetch(address: string, headers: Record<string, string>, file: Blob, signal: AbortSignal | undefined, told: (sent: number) => void): Promise<ServerAnswer> {
  try {
    const response = await fetch(address, { method: 'POST', headers, body: file, signal })
    const body = await response.text()
    if (response.ok) told(file.size)
    return { status: response.status, body }
  } catch (error) {
    signal?.throwIfAborted()
    throw error instanceof TypeError ? broken() : error
  }
}
