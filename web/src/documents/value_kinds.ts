/** What the values of a data document are, and how each is shown. No DOM. */
import * as Y from 'yjs'

/** The kinds of values by the page's names for them. */
export type Kind = 'text' | 'shared text' | 'number' | 'big number' | 'yes or no' | 'nothing' | 'undefined' | 'bytes' | 'list' | 'object' | 'XML' | 'unknown'

/** Whole numbers within this are numbers, those beyond it big ones: a number rounds them. */
export const EXACT_MAX = 2 ** 53
/** A big number has 64 bits, as Yjs writes it: more would come back as another one. */
export const BIG_MIN = -(2n ** 63n)
export const BIG_MAX = 2n ** 63n - 1n
/** How much of a text or of XML a field shows before it is asked for all, in UTF-16 units. */
export const SHOWN_MAX = 5_000
/** Bytes that are shown; only what is shown whole can be edited. */
export const BYTES_SHOWN_MAX = 768
/** What stands for an embed among words: one place, as it is one to Yjs. */
const EMBED = '\ufffc'

/** What a stored value is. */
export function kindOf(value: unknown): Kind {
  if (value === null) return 'nothing'
  if (value instanceof Y.Text) return 'shared text'
  if (value instanceof Y.Map) return 'object'
  if (value instanceof Y.Array) return 'list'
  if (value instanceof Y.XmlFragment) return 'XML'
  if (value instanceof Y.AbstractType) return 'unknown'
  if (value instanceof Uint8Array) return 'bytes'
  if (Array.isArray(value)) return 'list'
  switch (typeof value) {
    case 'string': return 'text'
    case 'number': return 'number'
    case 'bigint': return 'big number'
    case 'boolean': return 'yes or no'
    case 'undefined': return 'undefined'
    case 'object': return 'object'
    default: return 'unknown'
  }
}

/** Whether a value has parts of its own, each with a row. */
export function hasParts(value: unknown): boolean {
  const kind = kindOf(value)
  return kind === 'list' || kind === 'object'
}

/** The words of a shared text; what is embedded in it is one place. */
export function sharedWords(text: Y.Text): string {
  return (text.toDelta() as { insert: unknown }[]).map(({ insert }) => (typeof insert === 'string' ? insert : EMBED)).join('')
}

/** A value as it stands in its field, whole: words as they are, bytes in base64, all else as it is typed. */
export function fieldOf(value: unknown): string {
  switch (kindOf(value)) {
    case 'text': return value as string
    case 'shared text': return sharedWords(value as Y.Text)
    // String(-0) is "0", which is another number.
    case 'number': return Object.is(value, -0) ? '-0' : String(value)
    case 'nothing': return 'null'
    case 'bytes': return toBase64(value as Uint8Array)
    case 'XML': return (value as Y.XmlFragment).toString()
    case 'list': case 'object': case 'unknown': return ''
    default: return String(value)
  }
}

/** What a field shows of a value before it is asked for all of it, without half a character at its end. */
export function excerptOf(value: unknown): { text: string; isWhole: boolean } {
  if (value instanceof Uint8Array) return { text: toBase64(value.subarray(0, BYTES_SHOWN_MAX)), isWhole: value.length <= BYTES_SHOWN_MAX }
  const text = fieldOf(value)
  if (text.length <= SHOWN_MAX) return { text, isWhole: true }
  const end = /[\ud800-\udbff]/.test(text[SHOWN_MAX - 1]!) ? SHOWN_MAX - 1 : SHOWN_MAX
  return { text: text.slice(0, end), isWhole: false }
}

/** How many parts, bytes or units a value has; null where that is no question. */
function sizeOf(value: unknown): number | null {
  switch (kindOf(value)) {
    case 'list': case 'bytes': return (value as { length: number }).length
    case 'object': return value instanceof Y.Map ? value.size : namesOf(value as object).length
    case 'text': return (value as string).length > SHOWN_MAX ? (value as string).length : null
    case 'shared text': return (value as Y.Text).length > SHOWN_MAX ? (value as Y.Text).length : null
    default: return null
  }
}

/** What stands beside a field: the kind, with the size of what has one. */
export function valueKindWords(value: unknown): string {
  const size = sizeOf(value)
  return size === null ? kindOf(value) : `${kindOf(value)}, ${size.toLocaleString('en')}`
}

/**
 * The names of a plain object's parts. Yjs reads a part named `__proto__` by assigning it, so that it is what the object
 * inherits from: there it is found.
 */
export function namesOf(value: object): string[] {
  const names = Object.keys(value)
  return Object.getPrototypeOf(value) === Object.prototype ? names : [...names, '__proto__']
}

/** What a plain object has under one of its names. */
export function partNamed(value: object, name: string): unknown {
  return Object.hasOwn(value, name) ? (value as { [name: string]: unknown })[name] : name === '__proto__' ? inherited(value) : undefined
}

function inherited(value: object): unknown {
  const found: unknown = Object.getPrototypeOf(value)
  return found === Object.prototype ? undefined : found
}

/** Bytes in base64, without building a string of as many arguments at once. */
export function toBase64(bytes: Uint8Array): string {
  let units = ''
  for (let at = 0; at < bytes.length; at += 8_192) units += String.fromCharCode(...bytes.subarray(at, at + 8_192))
  return btoa(units)
}

/** The bytes that a text in base64 stands for; null where it is none. */
export function fromBase64(text: string): Uint8Array | null {
  try {
    const units = atob(text.trim())
    // atob forgives what is missing at the end; whoever writes half a byte means something else.
    return btoa(units) === text.trim() ? Uint8Array.from(units, (unit) => unit.charCodeAt(0)) : null
  } catch {
    return null
  }
}
