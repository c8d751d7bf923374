/** Documents that are made on the page, and what the agent can be asked to do in each kind. */
import type { DocumentKind } from '../client/wire'

const DATA_END = '.data'

const EXAMPLES: Record<DocumentKind, readonly string[]> = {
  text: ['append "A new line" to DOC', 'make section 2 title case', 'replace "three" with "four" after 5 seconds'],
  data: ['set DOC.food to 350', 'set DOC.ship_date to 2027-04-01', 'set DOC.helpers to ["Dee"]'],
  rich: ['ask "What shall this say?"'],
}

/** The document that somebody asks for by typing a name: one of values where it ends in `.data`; null where it is empty. */
export function wantedDocument(typed: string | null): { name: string; kind: DocumentKind } | null {
  const name = typed?.trim()
  if (!name) return null
  return name.endsWith(DATA_END) ? { name: name.slice(0, -DATA_END.length), kind: 'data' } : { name, kind: 'text' }
}

/** Instructions to try in a document of this kind. */
export function examplesFor(kind: DocumentKind, doc: string): string[] {
  // A function: `$` in a name stands for itself.
  return EXAMPLES[kind].map((example) => example.replace('DOC', () => doc))
}
