/** What would change in a text, word by word; long unchanged stretches are cut. */
import { diffWordsWithSpace } from 'diff'

const SAME_SHOWN = 160
const SAME_EDGE = 70

export interface DiffPart { kind: 'same' | 'added' | 'removed'; text: string }

/** The parts of two texts in order: what both have, what only the second has, what only the first has. */
export function diffParts(before: string, after: string): DiffPart[] {
  return diffWordsWithSpace(before, after).map(({ added, removed, value }) =>
    added ? { kind: 'added', text: value } : removed ? { kind: 'removed', text: value } : { kind: 'same', text: shorten(value) },
  )
}

function shorten(text: string): string {
  return text.length <= SAME_SHOWN ? text : `${text.slice(0, SAME_EDGE)} … ${text.slice(-SAME_EDGE)}`
}
