/** Parts of a text that are whole characters. No DOM. */

const isHigh = (text: string, at: number): boolean => (text.charCodeAt(at) & 0xfc00) === 0xd800
const isLow = (text: string, at: number): boolean => (text.charCodeAt(at) & 0xfc00) === 0xdc00

/** A part of a text, at most `most` units long, that neither begins nor ends inside a character of two units. */
export function cut(text: string, from: number, to: number, most = Infinity): string {
  let end = Math.min(to, from + most, text.length)
  let start = from
  if (start > 0 && isLow(text, start) && isHigh(text, start - 1)) start += 1
  if (end > start && end < text.length && isHigh(text, end - 1) && isLow(text, end)) end -= 1
  return text.slice(start, Math.max(start, end))
}
