/** A file that the text names, as it is shown in the editor: a picture behind its line, anything else as something to save. */
import { WidgetType, type EditorView } from '@codemirror/view'
import { failureWords } from './failure_words'
import type { NamedFile } from './references'
import type { FileRead } from './transfer'

/** Where files are read from. */
export interface FileSource {
  read(id: string, signal: AbortSignal): Promise<FileRead>
  /** Have the browser save one, under a name where the server knows none. */
  save(id: string, name: string): Promise<void>
  /** Hear that the server is back; returns how to stop. */
  onBack(listener: () => void): () => void
}

/** How large pictures are that were shown: the next time they have their room at once. */
const SIZES_MAX = 1_000
const sizes = new Map<string, readonly [width: number, height: number]>()
/** How to end what an element has begun. */
const ends = new WeakMap<HTMLElement, () => void>()

export function remember(id: string, width: number, height: number): void {
  sizes.delete(id)
  sizes.set(id, [width, height])
  for (const oldest of sizes.keys()) {
    if (sizes.size <= SIZES_MAX) break
    sizes.delete(oldest)
  }
}

/** The size of a picture that was shown; null where none was. */
export function pictureSize(id: string): readonly [width: number, height: number] | null {
  return sizes.get(id) ?? null
}

export class FileWidget extends WidgetType {
  private readonly id: string
  private readonly words: string
  private readonly isPicture: boolean

  constructor({ id, words, isPicture }: NamedFile, private readonly source: FileSource) {
    super()
    this.id = id
    this.words = words
    this.isPicture = isPicture
  }

  override eq(other: FileWidget): boolean {
    return other.id === this.id && other.words === this.words && other.isPicture === this.isPicture
  }

  toDOM(view: EditorView): HTMLElement {
    const shown = document.createElement('span')
    shown.className = this.isPicture ? 'cm-picture' : 'cm-file'
    shown.dataset.testid = this.isPicture ? 'picture' : 'file'
    shown.contentEditable = 'false'
    if (this.isPicture) this.show(shown, view)
    else shown.append(this.saving(shown))
    return shown
  }

  override destroy(shown: HTMLElement): void {
    ends.get(shown)?.()
    ends.delete(shown)
  }

  private show(shown: HTMLElement, view: EditorView): void {
    const over = new AbortController()
    let address = ''
    let stop = () => {}
    const end = () => {
      over.abort()
      stop()
      if (address) URL.revokeObjectURL(address)
    }
    ends.get(shown)?.()
    ends.set(shown, end)
    const known = pictureSize(this.id)
    const picture = document.createElement('img')
    picture.alt = this.words
    if (known) [picture.width, picture.height] = known
    const fails = (error: unknown) => {
      if (over.signal.aborted) return
      const again = () => this.show(shown, view)
      shown.replaceChildren(this.said(failureWords(error, 'picture')), this.act('Try again', again))
      if ((error as { code?: string }).code === 'unreachable') stop = this.source.onBack(again)
      view.requestMeasure()
    }
    picture.onload = () => {
      remember(this.id, picture.naturalWidth, picture.naturalHeight)
      ;[picture.width, picture.height] = [picture.naturalWidth, picture.naturalHeight]
      view.requestMeasure()
    }
    picture.onerror = () => fails({ message: 'Its bytes are damaged.', remedy: 'Bring it in again.' })
    shown.replaceChildren(...(known ? [picture] : [this.said('Loading the picture …')]))
    this.source.read(this.id, over.signal).then((read) => {
      if (over.signal.aborted) return
      if (!read.picture) {
        shown.replaceChildren(this.said('This file is no picture that is shown.'), this.saving(shown))
        view.requestMeasure()
        return
      }
      address = URL.createObjectURL(read.picture)
      picture.src = address
      shown.replaceChildren(picture, this.saving(shown))
    }, fails)
  }

  private saving(shown: HTMLElement): HTMLButtonElement {
    const button = this.act(this.isPicture ? 'Save' : '↓ Save', () => {
      button.disabled = true
      this.source.save(this.id, this.words).then(
        () => shown.querySelector('[role=status]')?.remove(),
        (error: unknown) => {
          shown.querySelector('[role=status]')?.remove()
          shown.append(this.said(failureWords(error, 'file')))
        },
      ).finally(() => (button.disabled = false))
    })
    button.ariaLabel = `Save ${this.words || 'this file'}`
    return button
  }

  private said(words: string): HTMLElement {
    const said = document.createElement('span')
    said.setAttribute('role', 'status')
    said.textContent = words
    return said
  }

  private act(words: string, act: () => void): HTMLButtonElement {
    const button = document.createElement('button')
    button.type = 'button'
    button.className = 'small'
    button.textContent = words
    button.onclick = act
    return button
  }
}
