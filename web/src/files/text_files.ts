/** The files of a text document that is open: those on their way into it, kept and sent, and where its own are read. */
import type { WebsocketProvider } from 'y-websocket'
import type * as Y from 'yjs'
import { upload } from '../client/upload'
import { Arrivals } from './arrivals'
import type { FileSource } from './file_widget'
import type { KeptFiles } from './kept_files'
import { fileToSave, readFile, type FilePlace } from './transfer'

/** As much of a document's provider as is used. */
interface Provided {
  readonly doc: Y.Doc
  on(event: 'status', listener: (told: { status: string }) => void): void
  off(event: 'status', listener: (told: { status: string }) => void): void
}

export interface TextFilesAround {
  provider: Provided
  kept: KeptFiles
  /** Where the server is, with the token that counts now. */
  place: () => FilePlace
  /** Hears when somebody is about to leave the page. */
  host: Pick<EventTarget, 'addEventListener' | 'removeEventListener'>
  draw: () => string
  /** Have the browser save a file. */
  saveAs: (file: File) => void
}

const known = new WeakMap<Y.Doc, TextFiles>()

export class TextFiles {
  readonly arrivals: Arrivals
  readonly source: FileSource
  /** Whether this person may not write here now. */
  isReadOnly = false

  /** The same for a document as long as that is open, whatever is shown meanwhile. */
  static of(around: TextFilesAround): TextFiles {
    const { doc } = around.provider
    const files = known.get(doc) ?? new TextFiles(around)
    known.set(doc, files)
    return files
  }

  private constructor(around: TextFilesAround) {
    const { provider, kept, place, host, draw, saveAs } = around
    this.arrivals = new Arrivals(provider.doc.getText('content'), {
      send: (file, options) => upload(place(), file, options),
      keep: (arrival) => kept.keep(arrival),
      letGo: (key) => kept.letGo(key),
      mayWrite: () => !this.isReadOnly,
      draw,
    })
    this.source = {
      read: (id, signal) => readFile(place(), id, signal),
      save: async (id, name) => saveAs(await fileToSave(place(), id, name)),
      onBack: (listener) => onStatus(provider, listener),
    }
    const resume = async () => {
      this.arrivals.go()
      for (const one of await kept.take()) this.arrivals.resume(one)
    }
    const leaves = (event: Event) => {
      if (this.arrivals.all.some(({ file, isKept }) => file && !isKept)) event.preventDefault()
    }
    const stop = onStatus(provider, () => void resume())
    host.addEventListener('beforeunload', leaves)
    provider.doc.on('destroy', () => {
      stop()
      host.removeEventListener('beforeunload', leaves)
      this.arrivals.end()
      kept.end()
    })
    void resume()
  }
}

/** Call `listener` whenever the server is there again; returns how to stop. */
function onStatus(provider: Provided, listener: () => void): () => void {
  const told = ({ status }: { status: string }) => {
    if (status === 'connected') listener()
  }
  provider.on('status', told)
  return () => provider.off('status', told)
}

/** Where the files of a provider's workspace are, with the token that its next connection would have. */
export function placeOfProvider({ serverUrl, protocols }: Pick<WebsocketProvider, 'serverUrl' | 'protocols'>): FilePlace {
  const token = protocols.find((one) => one.startsWith('token.'))?.slice('token.'.length) ?? ''
  return { httpUrl: serverUrl.replace(/^ws(.*)\/ws\/([^/]+)$/, 'http$1/api/workspaces/$2'), token }
}

/** Have the browser save a file as if somebody had clicked a link to it. */
export function saveInBrowser(file: File): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = file.name
  link.click()
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
