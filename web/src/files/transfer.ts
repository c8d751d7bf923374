/** What goes between the page and the server's files; loaded when the first file is shown or brought in. */
import { FolkmootError } from '../client/folkmoot_error'
import type { Place } from '../client/place'
import { isPictureType } from './references'

export { upload } from '../client/upload'

export type FilePlace = Pick<Place, 'httpUrl' | 'token'>
/** A file as it was read; `picture` is null where it is none that is shown. */
export interface FileRead { name: string; media: string; size: number; picture: Blob | null }

/** The name under which the server hands a file out; empty where it has none. */
export function nameIn(disposition: string): string {
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(disposition)?.[1]
  try {
    if (encoded) return decodeURIComponent(encoded)
  } catch {
    // Then the plain one.
  }
  return /filename="([^"]*)"/i.exec(disposition)?.[1] ?? ''
}

/** Read a file, its bytes only where it is a picture. Rejects with a `FolkmootError`, or with the signal's reason. */
export async function readFile(place: FilePlace, id: string, signal?: AbortSignal): Promise<FileRead> {
  const response = await answerOf(place, id, signal)
  const media = response.headers.get('content-type') ?? ''
  const told = { name: nameIn(response.headers.get('content-disposition') ?? ''), media, size: Number(response.headers.get('content-length') ?? 0) }
  if (isPictureType(media)) return { ...told, picture: await response.blob() }
  await response.body?.cancel()
  return { ...told, picture: null }
}

/** Read all of a file, to be saved under a name: its own where the server has none for it. */
export async function fileToSave(place: FilePlace, id: string, name: string): Promise<File> {
  const response = await answerOf(place, id)
  return new File([await response.blob()], nameIn(response.headers.get('content-disposition') ?? '') || name || id, { type: 'application/octet-stream' })
}

async function answerOf({ httpUrl, token }: FilePlace, id: string, signal?: AbortSignal): Promise<Response> {
  let response: Response
  try {
    response = await fetch(`${httpUrl}/blobs/${id}`, { headers: token ? { authorization: `Bearer ${token}` } : {}, signal })
  } catch (error) {
    signal?.throwIfAborted()
    throw error instanceof TypeError ? new FolkmootError('unreachable', 'The server was not reached.', 'It shows when the server is back.') : error
  }
  if (response.ok) return response
  const said = (await response.json().catch(() => ({}))) as Partial<Record<'code' | 'detail' | 'remedy', string>>
  throw new FolkmootError(said.code ?? (response.status >= 500 ? 'unreachable' : 'not_found'), said.detail ?? `The server answered ${response.status}.`, said.remedy || 'Ask whoever brought it in.')
}
