/** A file on its way as it stands in the editor at its place: how far it is, what went wrong, what to do. Nobody else sees it. */
import { WidgetType } from '@codemirror/view'
import type { Arrival, Arrivals } from './arrivals'

/** What is shown of one; `percent` only while it goes, `acts` by name. */
export interface ArrivalShown { name: string; words: string; percent: number | null; isBad: boolean; canTryAgain: boolean }

/** How one stands, in words. */
export function arrivalShown({ name, file, state, sent, said, remedy, isKept }: Arrival): ArrivalShown {
  const percent = state === 'sending' && file ? Math.min(100, Math.floor((100 * sent) / Math.max(1, file.size))) : null
  const kept = isKept ? 'It is kept in this browser' : 'It is not kept should this page be closed'
  const words =
    state === 'refused' ? `${said} ${remedy}`.trim()
    : state === 'sending' ? (sent && percent === 100 ? 'nearly there' : `${percent ?? 0} %`)
    : said ? `Not sent yet. ${said} ${kept}, and is tried again by itself.`
    : 'waits for its turn'
  return { name: name || 'a file', words, percent, isBad: state === 'refused', canTryAgain: state === 'refused' && file !== null }
}

export class ArrivalWidget extends WidgetType {
  private readonly now: ArrivalShown

  constructor(private readonly arrival: Arrival, private readonly arrivals: Arrivals) {
    super()
    this.now = arrivalShown(arrival)
  }

  override eq(other: ArrivalWidget): boolean {
    return other.arrival === this.arrival && JSON.stringify(other.now) === JSON.stringify(this.now)
  }

  toDOM(): HTMLElement {
    const shown = document.createElement('span')
    shown.className = 'cm-arrival'
    shown.dataset.testid = 'arrival'
    shown.contentEditable = 'false'
    shown.append(...['b', 'progress', 'span'].map((tag) => document.createElement(tag)))
    shown.children[2]!.setAttribute('role', 'status')
    shown.append(this.act('Try again', () => this.arrivals.again(this.arrival)), this.act('Cancel', () => this.arrivals.cancel(this.arrival)))
    return this.fill(shown)
  }

  /** The same buttons: who is at one of them stays there. */
  override updateDOM(shown: HTMLElement, _view: unknown, before: WidgetType): boolean {
    if (!(before instanceof ArrivalWidget) || before.arrival !== this.arrival) return false
    this.fill(shown)
    return true
  }

  private fill(shown: HTMLElement): HTMLElement {
    const { name, words, percent, isBad, canTryAgain } = this.now
    const [title, bar, said, again, cancel] = [...shown.children] as [HTMLElement, HTMLProgressElement, HTMLElement, HTMLButtonElement, HTMLButtonElement]
    shown.classList.toggle('is-bad', isBad)
    title.textContent = name
    bar.hidden = percent === null
    bar.max = 100
    bar.value = percent ?? 0
    bar.ariaLabel = `How much of ${name} has gone`
    if (said.textContent !== words) said.textContent = words
    again.hidden = !canTryAgain
    cancel.textContent = isBad && !canTryAgain ? 'Close' : isBad ? 'Remove' : 'Cancel'
    return shown
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
