/** A document as text that can be read and copied, whatever its kind. No DOM. */
import type * as Y from 'yjs'

export function plainText(doc: Y.Doc): string {
  const words = doc.getText('content').toString()
  if (words) return words
  const values = doc.getMap('data').toJSON()
  return Object.keys(values).length ? JSON.stringify(values, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value), 2) : ''
}
