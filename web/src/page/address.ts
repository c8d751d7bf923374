/** Which document is open: the one that the address names, by `?doc=`, or the first there is. */
import type { DocumentKind } from '../client/wire'

type Documents = Readonly<Record<string, DocumentKind>>

/** The document that an address names, in the form in which it is known; null where it names none. */
export function documentIn(search: string, documents: Documents): string | null {
  const name = new URLSearchParams(search).get('doc')
  return name === null || name in documents ? name : name.normalize('NFC')
}

/** The document to open: the one that the address names, else the first text, else the first; empty where there is none. */
export function documentToOpen(search: string, documents: Documents): string {
  const names = Object.keys(documents).sort()
  return documentIn(search, documents) ?? names.find((name) => documents[name] === 'text') ?? names[0] ?? ''
}

/** The same address with another document; the empty name stands for none. */
export function linkTo(doc: string, pathname: string, search: string): string {
  const params = new URLSearchParams(search)
  if (doc) params.set('doc', doc)
  else params.delete('doc')
  return `${pathname}${params.size ? `?${params}` : ''}`
}

/** Where somebody is taken whose document has left the list: to what it was a variant of, else to the first that is left. */
export function documentInstead(doc: string, documents: Documents, archived: ReadonlySet<string>): string {
  const left = Object.keys(documents).sort().filter((name) => !archived.has(name))
  return left.find((name) => name === doc.replace(/\.i\d+$/, '')) ?? left[0] ?? ''
}
