/** A person's colour: the one they have chosen, else always the same for the same name, on every page. */

const COLOURS = ['#c2410c', '#0e7490', '#4d7c0f', '#a21caf', '#b45309', '#1d4ed8', '#be123c', '#047857']

/** The colours that people have chosen, by name. */
const chosen = new Map<string, string>()

/** The colours that a page offers to whoever wants another one. */
export const PALETTE: readonly string[] = COLOURS

/** Paint people in the colours that they have chosen, from now on; what is no colour is passed over. */
export function setColours(colours: Iterable<[string, string]>): void {
  chosen.clear()
  for (const [name, colour] of colours) if (/^#[0-9a-f]{6}$/.test(colour)) chosen.set(name, colour)
}

/** A person's colour as it is: the one they have chosen, else one by their name. */
export function colourOf(name: string): string {
  const own = chosen.get(name)
  if (own) return own
  let sum = 0
  for (const char of name) sum = (sum * 31 + char.codePointAt(0)!) >>> 0
  return COLOURS[sum % COLOURS.length]!
}

/** A person's colour as ink: mixed with the text colour, so that it reads on light and dark. */
export function inkOf(name: string): string {
  return `color-mix(in srgb, ${colourOf(name)} 62%, var(--ink))`
}
