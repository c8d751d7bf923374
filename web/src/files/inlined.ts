/** Pictures that came as base64 within pasted words: taken out of them, to become files. It never enters a document. No DOM. */
import { withPlainLineEnds } from '../codemirror/line_ends'

/** A file that stood at `at` of the words, in UTF-16 units; `file` is null where it cannot be read. */
export interface InlinedFile { at: number; words: string; file: Blob | null }
/** Words without what was inlined in them, and that. */
export interface Parted { text: string; files: InlinedFile[] }

/** As much of a parsed page as is read. */
export interface HtmlNode {
  readonly nodeType: number
  readonly nodeName: string
  readonly nodeValue: string | null
  readonly childNodes: Iterable<HtmlNode>
  getAttribute?(name: string): string | null
}

/** As a file may be at most by default, in base64. */
const URI_UNITS_MAX = 90 * 1024 * 1024
const DEPTH_MAX = 500
const TEXT_NODE = 3
const URI = /data:([\w.+-]+\/[\w.+-]+)?(?:;[\w=.+-]+)*;base64,/i
/** Behind a Markdown mark or an `<img` it goes with what is around it; else it goes alone. */
const BEFORE = /(?:(!?)\[((?:\\.|[^[\]\\\n]){0,1000})\]\(\s*<?|<img\b[^<>]{0,1000}?\bsrc\s*=\s*["']?)$/i
const BEHIND_LINK = /^>?(?:\s{1,9}(?:"[^"\n]{0,1000}"|'[^'\n]{0,1000}'))?\s{0,9}\)/
const BEHIND_TAG = /^["']?[^<>]{0,1000}>/
const ALT = /\balt\s*=\s*(?:"([^"]{0,1000})"|'([^']{0,1000})')/i
const LINES: ReadonlySet<string> = new Set(['P', 'DIV', 'LI', 'TR', 'H1', 'H2', 'H3', 'H4', 'H5', 'H6', 'BLOCKQUOTE', 'PRE', 'UL', 'OL', 'TABLE', 'SECTION', 'ARTICLE', 'FIGURE', 'FIGCAPTION'])
const UNSEEN: ReadonlySet<string> = new Set(['SCRIPT', 'STYLE', 'HEAD', 'TEMPLATE', 'TITLE', 'NOSCRIPT'])
const LOOKED_BACK = 3_000

/** Whether base64 of any kind stands in words or in a page's source. */
export function hasInlined(text: string): boolean {
  return URI.test(text)
}

/** The file of a `data:` address; null where that is broken, or larger than any file may be. */
export function fileOfUri(uri: string): Blob | null {
  const head = URI.exec(uri)
  if (!head || uri.length > URI_UNITS_MAX) return null
  try {
    const octets = atob(decodeURIComponent(uri.slice(head.index + head[0].length)).replace(/\s/g, ''))
    return octets ? new Blob([Uint8Array.from(octets, (letter) => letter.charCodeAt(0))], { type: head[1] ?? '' }) : null
  } catch {
    return null
  }
}

/** Plain words or Markdown, parted from the base64 in them. */
export function partedText(given: string): Parted {
  const files: InlinedFile[] = []
  let rest = given
  let text = ''
  for (let found = URI.exec(rest); found; found = URI.exec(rest)) {
    const begin = found.index
    const octets = /^[A-Za-z0-9+/=_%-]*/.exec(rest.slice(begin + found[0].length))![0]
    const end = begin + found[0].length + octets.length
    const before = text + rest.slice(0, begin)
    const back = before.slice(-LOOKED_BACK)
    const mark = BEFORE.exec(back)
    const behind = mark && (mark[0].startsWith('<') ? BEHIND_TAG : BEHIND_LINK).exec(rest.slice(end, end + LOOKED_BACK))
    const around = mark && behind ? mark[0] + behind[0] : ''
    const alt = mark?.[2] ?? ALT.exec(around)?.slice(1).find((one) => one !== undefined)
    text = mark && behind ? before.slice(0, before.length - mark[0].length) : before
    rest = rest.slice(end + (mark && behind ? behind[0].length : 0))
    files.push({ at: text.length, words: (alt ?? '').replace(/\\([[\]\\])/g, '$1'), file: fileOfUri(found[0] + octets) })
  }
  return { text: text + rest, files }
}

/** The words of a page and the files inlined in it, with its lines as lines. */
export function partedPage(root: HtmlNode): Parted {
  const files: InlinedFile[] = []
  let text = ''
  const line = () => {
    text = text.replace(/[ \t]+$/, '')
    if (text && !text.endsWith('\n')) text += '\n'
  }
  const walk = (node: HtmlNode, depth: number, isKept: boolean) => {
    if (node.nodeType === TEXT_NODE) {
      const words = isKept ? (node.nodeValue ?? '') : (node.nodeValue ?? '').replace(/\s+/g, ' ')
      // Base64 as words in a page is no better.
      const parted = partedText(/\s$/.test(text) || !text ? (isKept ? words : words.trimStart()) : words)
      for (const file of parted.files) files.push({ ...file, at: text.length + file.at })
      text += parted.text
      return
    }
    const name = node.nodeName.toUpperCase()
    if (UNSEEN.has(name) || depth > DEPTH_MAX) return
    if (name === 'BR') text += '\n'
    const source = name === 'IMG' ? (node.getAttribute?.('src') ?? '') : ''
    if (hasInlined(source)) files.push({ at: text.length, words: node.getAttribute?.('alt') ?? '', file: fileOfUri(source) })
    if (LINES.has(name)) line()
    if (name === 'LI') text += '- '
    if (/^H[1-6]$/.test(name)) text += `${'#'.repeat(Number(name[1]))} `
    for (const child of node.childNodes) walk(child, depth + 1, isKept || name === 'PRE')
    if (LINES.has(name)) line()
  }
  walk(root, 0, false)
  const words = withPlainLineEnds(text).trimEnd()
  return { text: words, files: files.map((one) => ({ ...one, at: Math.min(one.at, words.length) })) }
}
