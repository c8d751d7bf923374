/** Which rows of the table of values are drawn, and how they are called. No DOM. */
import type { Part } from './value_edits'
import type { Kind } from './value_kinds'

/** So many rows of one list or object are drawn at first, and more at each asking: ten thousand fields take seconds. */
export const ROWS_SHOWN_MAX = 100
const LINE_UNITS_MAX = 80
const LINES_MAX = 12

/** How many rows more come at an asking. */
export function pageOf(left: number): number {
  return Math.min(ROWS_SHOWN_MAX, left)
}

/** The parts that are drawn after so many askings, of those that are looked for; and how many are not. */
export function shownOf(parts: readonly Part[], words: string, pages: number): { shown: Part[]; left: number; isLong: boolean } {
  const wanted = words.trim().toLowerCase()
  const found = wanted ? parts.filter(({ name }) => (typeof name === 'number' ? String(name + 1) === wanted : name.toLowerCase().includes(wanted))) : parts
  const shown = found.slice(0, pages * ROWS_SHOWN_MAX)
  return { shown, left: found.length - shown.length, isLong: parts.length > ROWS_SHOWN_MAX }
}

/** The names on the way to a value in one word; a name that could be taken for another way stands in quotes. */
export function labelOf(path: readonly (string | number)[]): string {
  return path.map((name) => (typeof name === 'string' && (/[."]/.test(name) || name === '') ? JSON.stringify(name) : name)).join('.')
}

/** Whether a value is shown in a field of several lines: one of a single line would drop its line ends. */
export function isManyLines(kind: Kind, field: string): boolean {
  return kind === 'XML' || kind === 'shared text' || field.includes('\n') || field.length > LINE_UNITS_MAX
}

/** How many lines such a field shows at once. */
export function rowsOf(text: string): number {
  const lines = text.split('\n', LINES_MAX).reduce((sum, line) => sum + 1 + Math.floor(line.length / LINE_UNITS_MAX), 0)
  return Math.min(LINES_MAX, lines)
}
