/** A person's colour: always the same for the same name, on every page. */

const COLOURS = ['#c2410c', '#0e7490', '#4d7c0f', '#a21caf', '#b45309', '#1d4ed8', '#be123c', '#047857']

/** A person's colour as it is. */
export function colourOf(name: string): string {
  let sum = 0
  for (const char of name) sum = (sum * 31 + char.codePointAt(0)!) >>> 0
  return COLOURS[sum % COLOURS.length]!
}

/** A person's colour as ink: mixed with the text colour, so that it reads on light and dark. */
export function inkOf(name: string): string {
  return `color-mix(in srgb, ${colourOf(name)} 62%, var(--ink))`
}
