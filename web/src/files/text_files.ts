/** The files of a text document that is open: those on their way into it, kept and sent, and where its own are read. */
import type * as Y from 'yjs'
import { FolkmootError } from '../client/folkmoot_error'
import { Arrivals } from './arrivals'
import type { FileSource } from './file_widget'
import type { KeptFiles } from './kept_files'
import type { FilePlace } from './transfer'

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
      send: async (file, options) => (await transfer()).upload(place(), file, options),
      keep: (arrival) => kept.keep(arrival),
      letGo: (key) => kept.letGo(key),
      mayWrite: () => !this.isReadOnly,
      draw,
    })
    this.source = {
      read: async (id, signal) => (await transfer()).readFile(place(), id, signal),
      save: async (id, name) => saveAs(await (await transfer()).fileToSave(place(), id, name)),
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

/** What speaks with the server of files comes with the first of them. Rejects as what it brings does. */
async function transfer(): Promise<typeof import('./transfer')> {
  try {
    return await import('./transfer')
  } catch {
    throw new FolkmootError('unreachable', 'The server was not reached.', 'It goes on when the server is back.')
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
