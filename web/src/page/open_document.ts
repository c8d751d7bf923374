/** The document that is open: it stays the same one whatever it is called, and where it was put away. */
import type { DocumentKind } from '../client/wire'

/** A document by its id in the log; its name and kind are the last ones known. */
export interface OpenDocument { id: string; name: string; kind: DocumentKind }
interface Listed { documents: Readonly<Record<string, DocumentKind>>; ids: Readonly<Record<string, string>> }

/** The document of a name; null where the workspace lists none. */
export function documentNamed(name: string, { documents, ids }: Listed): OpenDocument | null {
  const kind = Object.hasOwn(documents, name) ? documents[name] : undefined
  return kind ? { id: ids[name] ?? name, name, kind } : null
}

/** An open document as the workspace lists it now: under another name, perhaps; as it was where it is not listed. */
export function asListed(open: OpenDocument, listed: Listed): OpenDocument {
  const name = Object.keys(listed.documents).find((one) => (listed.ids[one] ?? one) === open.id)
  return (name !== undefined && documentNamed(name, listed)) || open
}

/** A name that no document has yet, for a copy. */
export function copyName(name: string, documents: Readonly<Record<string, DocumentKind>>): string {
  const base = `${name} (copy)`
  for (let count = 1; ; count += 1) {
    const wanted = count === 1 ? base : `${name} (copy ${count})`
    if (!Object.hasOwn(documents, wanted)) return wanted
  }
}

/** Whether the log tells of other documents than the list that was read last. */
export function isListedOtherwise(told: ReadonlySet<string>, documents: Readonly<Record<string, DocumentKind>>): boolean {
  const listed = Object.keys(documents)
  return listed.length !== told.size || listed.some((name) => !told.has(name))
}

/** The document of an id, as the workspace lists it; under its id where it lists none. */
export function documentOfId(id: string, listed: Listed): OpenDocument {
  return asListed({ id, name: id, kind: 'text' }, listed)
}
