/** Words in a field beside the words that are stored: what somebody typed becomes the smallest change of these. No DOM. */

/** A change of a text: from a place on, in UTF-16 units, so many go and these words come. */
export interface Stretch { at: number; gone: number; words: string }

/** A text with the line ends that a field of a browser has. */
export function inField(text: string): string {
  return text.replace(/\r\n?/g, '\n')
}

/** What is different between two texts, in one stretch that cuts no character in half. */
export function stretchBetween(before: string, after: string): Stretch {
  const most = Math.min(before.length, after.length)
  let at = 0
  while (at < most && before[at] === after[at]) at += 1
  if (isInPair(before, at) || isInPair(after, at)) at -= 1
  let tail = 0
  while (tail < most - at && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1
  if (isInPair(before, before.length - tail) || isInPair(after, after.length - tail)) tail -= 1
  return { at, gone: before.length - tail - at, words: after.slice(at, after.length - tail) }
}

function isInPair(text: string, at: number): boolean {
  return /[\ud800-\udbff]/.test(text[at - 1] ?? '') && /[\udc00-\udfff]/.test(text[at] ?? '')
}

/**
 * What becomes of `stored` when somebody made `typed` of what their field said: others may have changed it meanwhile, and
 * a field has one kind of line end. Places are those of `stored`.
 */
export function changeOf(stored: string, field: string, typed: string): Stretch {
  const own = stretchBetween(field, typed)
  const now = inField(stored)
  const theirs = stretchBetween(field, now)
  const moved = (place: number): number => {
    if (place <= theirs.at) return place
    if (place >= theirs.at + theirs.gone) return place + theirs.words.length - theirs.gone
    return theirs.at + theirs.words.length
  }
  // At one place the other's words come first, and nothing of them is taken for mine.
  const from = moved(own.at)
  const to = Math.max(from, moved(own.at + own.gone))
  let at = placeStored(stored, from)
  const end = placeStored(stored, to)
  let { words } = own
  // A line end of one unit must not become half of one of two.
  while (stored[at - 1] === '\r' && (words || stored.slice(end, end + 1)).startsWith('\n')) {
    at -= 1
    words = `\n${words}`
  }
  return { at, gone: end - at, words }
}

/** Where a place of a field is in the text with its own line ends. */
function placeStored(stored: string, place: number): number {
  let at = 0
  for (let seen = 0; seen < place; seen += 1) at += stored[at] === '\r' && stored[at + 1] === '\n' ? 2 : 1
  return at
}

/** A text after a change. */
export function changedBy(text: string, { at, gone, words }: Stretch): string {
  return text.slice(0, at) + words + text.slice(at + gone)
}
