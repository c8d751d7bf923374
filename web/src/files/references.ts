/** How a text names files (docs/blobs.md): as Markdown pictures and links to `blob:sha256-…`. No DOM. */

/** A file that a text names; `from` and `to` are where, in UTF-16 units, `words` what is said of it. */
export interface NamedFile { from: number; to: number; id: string; words: string; isPicture: boolean }

/** What the server shows where it is, by what the bytes say; everything else is something to save. */
const PICTURES: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif'])
const NAMED = /(!?)\[((?:\\.|[^[\]\\\n]){0,1000})\]\(\s{0,9}(?:blob:|(?:\.\/)?blobs\/)(sha256-[0-9a-f]{64})(?:\s{1,9}"[^"\n]{0,1000}")?\s{0,9}\)/g
const VALUE = /^(?:blob:|(?:\.\/)?blobs\/)(sha256-[0-9a-f]{64})$/

export function isPictureType(media: string): boolean {
  return PICTURES.has(media.split(';')[0]!.trim().toLowerCase())
}

/** The files that a text names, in their order. */
export function filesIn(text: string): NamedFile[] {
  return [...text.matchAll(NAMED)].map(({ 0: whole, 1: mark, 2: words = '', 3: id = '', index }) => ({
    from: index, to: index + whole.length, id, words: words.replace(/\\([[\]\\])/g, '$1'), isPicture: mark === '!',
  }))
}

/** The file that a value is; null where it is something else. */
export function fileOf(value: unknown): string | null {
  return typeof value === 'string' ? (VALUE.exec(value)?.[1] ?? null) : null
}

/** What names a file in a Markdown text; its words stay on one line. */
export function markdownOf(words: string, reference: string, media: string): string {
  const said = words.replace(/\s+/g, ' ').trim().slice(0, 500).replace(/[[\]\\]/g, '\\$&')
  return `${isPictureType(media) ? '!' : ''}[${said || 'file'}](${reference})`
}

/** What names a file, parted by a line end from another one right before or behind it. */
export function partedFrom(before: string, markdown: string, behind: string): string {
  const isAfter = filesIn(before).at(-1)?.to === before.length
  const isBefore = filesIn(behind)[0]?.from === 0
  return `${before && isAfter ? '\n' : ''}${markdown}${isBefore ? '\n' : ''}`
}
