/** Edits that the server did not take, kept where their author sees and copies them, until they are put away. */
import type { Shelf } from './shelf'

export interface AsideEdit {
  /** The document it was written in, as it was called then. */
  doc: string
  at: number
  why: string
  /** What stood in the document with the edit in it. */
  text: string
  /** What of it nobody else has, line by line. */
  lines: string[]
}

const NAME = 'aside'
const KEPT = 20

export class Aside {
  /** Newest last. */
  edits: AsideEdit[]

  constructor(private readonly shelf: Shelf) {
    this.edits = shelf.read<AsideEdit[]>(NAME) ?? []
  }

  /** Keep an edit. Pages that are open together keep one list: what another one has put there stays. */
  put(edit: AsideEdit): void {
    this.keep([...this.told(), edit])
  }

  /** Its author has done with it. */
  drop(edit: AsideEdit): void {
    this.keep(this.told().filter((one) => one.at !== edit.at || one.text !== edit.text))
  }

  private told(): AsideEdit[] {
    return this.shelf.read<AsideEdit[]>(NAME) ?? []
  }

  private keep(edits: AsideEdit[]): void {
    this.edits = edits.slice(-KEPT)
    this.shelf.write(NAME, this.edits)
  }
}

/** The lines of a text that are not in another one, in order, each as often as it is missing there. */
export function linesBeyond(text: string, known: string): string[] {
  const left = new Map<string, number>()
  for (const line of known.split('\n')) left.set(line, (left.get(line) ?? 0) + 1)
  return text.split('\n').filter((line) => {
    const count = left.get(line) ?? 0
    if (count) left.set(line, count - 1)
    return !count && line.trim() !== ''
  })
}
