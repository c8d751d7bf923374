/** The way to one more document. */
import { addressOf, problemOf } from '../client/names'
import { wantedDocument } from './new_documents'
import { api, call } from './session'

export function NewDocument({ open, reload }: { open: (doc: string) => void; reload: () => Promise<void> }) {
  const make = async () => {
    const wanted = wantedDocument(prompt('Name of the new text document (end it with ".data" for values)'))
    if (!wanted) return
    const problem = problemOf(wanted.name)
    if (problem) return alert(problem)
    try {
      const made = await call<{ name: string }>('PUT', `${api}/documents/${addressOf(wanted.name)}`, { kind: wanted.kind })
      await reload()
      open(made.name)
    } catch (error) {
      alert((error as Error).message)
    }
  }
  return <button class="tab ghost" title="New document" aria-label="New document" onClick={make}>+</button>
}
