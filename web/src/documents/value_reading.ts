/** What somebody typed, as a value: with all of its digits, and of the kind that its author means. No DOM. */
import { BIG_MAX, BIG_MIN, BYTES_SHOWN_MAX, EXACT_MAX, fieldOf, fromBase64, hasParts, kindOf, type Kind } from './value_kinds'

/** What came of reading: a value, with what is to be said of it; or why there is none. */
export type ValueReading = { value: unknown; note?: string } | { refused: string }

/** The kinds that a value can be given by hand, as its menu offers them. */
export const KINDS_GIVEN: readonly Kind[] = ['text', 'number', 'big number', 'yes or no', 'nothing', 'bytes', 'list', 'object']
/** How deep lists and objects nest: the server takes no more (docs/values.md). */
const LEVELS_MAX = 32
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
const WHOLE = /^-?(?:0|[1-9]\d*)$/
const NOT_FINITE = new Map([['NaN', NaN], ['Infinity', Infinity], ['-Infinity', -Infinity]])
/** No number that is kept exactly is written longer. */
const NUMBER_UNITS_MAX = 400

/** The number that a text is, exactly; null where it is none, or one that would be rounded, overflow or vanish. */
export function readNumber(text: string): number | bigint | null {
  if (text.length > NUMBER_UNITS_MAX || !NUMBER.test(text)) return null
  const number = Number(text)
  if (WHOLE.test(text) && Math.abs(number) >= EXACT_MAX) {
    const whole = BigInt(text)
    if (whole === BigInt(number) && Math.abs(number) === EXACT_MAX) return number
    if (whole >= BIG_MIN && whole <= BIG_MAX) return whole
  }
  return Number.isFinite(number) && significant(text) === significant(String(number)) ? number : null
}

/** The digits that count in a number as it is written, and where they stand: `1.50` and `15e-1` have the same. */
function significant(text: string): string {
  const [mantissa = '', power = '0'] = text.replace(/^-/, '').toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const digits = (whole + fraction).replace(/^0+/, '')
  const short = digits.replace(/0+$/, '')
  return short && `${short}e${Number(power) - fraction.length + digits.length - short.length}`
}

/** What somebody typed as a value: JSON where it is that, with all digits, else the words themselves. */
export function readTyped(text: string): unknown {
  try {
    return readJson(text)
  } catch {
    return wellFormed(text)
  }
}

/**
 * JSON as it is written: a number that would be rounded is a big one, or the words. Every string is marked `s`, every such
 * number is one marked `n`, before JSON.parse sees them: so nothing that is written can be taken for a mark.
 */
function readJson(text: string): unknown {
  const marked = text.replace(/"(?:\\[^]|[^"\\])*"|[-+.\w]+/g, (token) => {
    if (token.startsWith('"')) return `"s${token.slice(1)}`
    return NUMBER.test(token) && typeof readNumber(token) !== 'number' ? `"n${token}"` : token
  })
  return JSON.parse(marked, (_, value: unknown) => {
    if (typeof value === 'string') return value.startsWith('n') ? (readNumber(value.slice(1)) ?? value.slice(1)) : wellFormed(value.slice(1))
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
    return untagged(Object.entries(value).map(([name, part]) => [wellFormed(name.slice(1)), part]))
  })
}

/** An object by its parts; or what it stands for, where it is one of the forms that the HTTP API has for what JSON lacks. */
function untagged(parts: [string, unknown][]): unknown {
  const [name = '', part] = parts.length === 1 ? parts[0]! : []
  if (typeof part === 'string') {
    const bytes = name === '~bytes' ? fromBase64(part) : null
    if (bytes) return bytes
    if (name === '~number' && NOT_FINITE.has(part)) return NOT_FINITE.get(part)
    if (name === '~bigint' && WHOLE.test(part) && part.length <= 20 && BigInt(part) >= BIG_MIN && BigInt(part) <= BIG_MAX) return BigInt(part)
  }
  if (/^~~+(?:bytes|number|bigint|xml|deep)$/.test(name)) return Object.fromEntries([[name.slice(1), part]])
  return Object.fromEntries(parts)
}

/** A text without halves of characters: Yjs sends U+FFFD in their place, and this page shows what others see. */
export function wellFormed(text: string): string {
  return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd')
}

/** What a field says now in place of `value`: of the same kind wherever it can be that, else what was typed. */
export function readField(value: unknown, text: string): ValueReading {
  switch (kindOf(value)) {
    // Nobody has said yet what an empty text is to hold.
    case 'text': return value === '' ? checked(readTyped(text), text) : { value: wellFormed(text) }
    case 'bytes': return readBytes(text)
    case 'number': return NOT_FINITE.has(text.trim()) ? { value: NOT_FINITE.get(text.trim()) } : checked(readTyped(text), text)
    case 'big number': {
      const big = readBig(text.trim())
      return big === null ? checked(readTyped(text), text) : { value: big }
    }
    default: return checked(readTyped(text), text)
  }
}

/** A value that was typed, with what is to be said of it where it is not what it looks like. */
function checked(value: unknown, text: string): ValueReading {
  if (isDeeper(value, LEVELS_MAX)) return { refused: `Lists and objects nest at most ${LEVELS_MAX} deep. Write fewer levels.` }
  const isNumeral = typeof value === 'string' && NUMBER.test(text.trim())
  return isNumeral ? { value, note: 'Kept as text, with all its digits: a number would be another one.' } : { value }
}

/** Whether lists and objects nest deeper than so many levels. */
function isDeeper(value: unknown, levels: number): boolean {
  return hasParts(value) && (levels === 0 || Object.values(value as object).some((part) => isDeeper(part, levels - 1)))
}

function readBig(text: string): bigint | null {
  if (!WHOLE.test(text) || text.length > 20) return null
  const big = BigInt(text)
  return big >= BIG_MIN && big <= BIG_MAX ? big : null
}

function readBytes(text: string): ValueReading {
  const bytes = fromBase64(text)
  if (!bytes) return { refused: 'These bytes are written in base64: groups of four of A–Z, a–z, 0–9, + and /, filled up with =.' }
  return bytes.length > BYTES_SHOWN_MAX ? { refused: `At most ${BYTES_SHOWN_MAX} bytes are written by hand. A program can store more.` } : { value: bytes }
}

/** A value given another kind by hand: the same in that kind, or why there is none. */
export function asKind(value: unknown, kind: Kind): ValueReading {
  const text = value === null || value === undefined ? '' : fieldOf(value)
  const isEmpty = text.trim() === ''
  const refused = (remedy: string): ValueReading => ({ refused: `“${text.slice(0, 60)}” is no ${kind}. ${remedy}` })
  switch (kind) {
    case 'text': return { value: text }
    case 'nothing': return { value: null }
    case 'number': {
      const number = isEmpty ? 0 : (NOT_FINITE.get(text.trim()) ?? readNumber(text.trim()))
      return typeof number === 'number' ? { value: number } : refused('A number has about 16 digits; type one first.')
    }
    case 'big number': {
      const big = isEmpty ? 0n : readBig(typeof value === 'number' && Number.isSafeInteger(value) ? String(value + 0) : text.trim())
      return big === null ? refused('It is whole, and has at most 19 digits.') : { value: big }
    }
    case 'yes or no': {
      const isTrue = /^(?:true|yes|1)$/i.test(text.trim())
      return isTrue || isEmpty || /^(?:false|no|0)$/i.test(text.trim()) ? { value: isTrue } : refused('Type true or false first.')
    }
    case 'bytes': return readBytes(text)
    case 'list': case 'object': {
      const typed = isEmpty ? (kind === 'list' ? [] : {}) : readTyped(text)
      return kindOf(typed) === kind ? checked(typed, text) : refused(kind === 'list' ? 'Type it as ["a", "b"] first, or empty the field.' : 'Type it as {"name": "value"} first, or empty the field.')
    }
    default: return refused('Only a program makes one.')
  }
}

/** What `name = value` adds; a name alone stands for an empty text; null where there is no name. A name in quotes may be any. */
export function readAddition(text: string): { name: string; reading: ValueReading } | null {
  const quoted = /^\s*("(?:\\[^]|[^"\\])*")\s*(?:=([^]*))?$/.exec(text)
  const [bare = '', ...rest] = text.split('=')
  const given = quoted ? readTyped(quoted[1]!) : bare.trim()
  const words = (quoted ? (quoted[2] ?? '') : rest.join('=')).trim()
  if (typeof given !== 'string' || (!quoted && !given)) return null
  return { name: wellFormed(given), reading: checked(words ? readTyped(words) : '', words) }
}
