/** Edits of this person's that the server did not take: what they were, why, and the way to have them back. */
import { useState } from 'preact/hooks'
import type { Aside, AsideEdit } from '../session/aside'

export function SetAside({ aside, changed }: { aside: Aside; changed: () => void }) {
  return (
    <>
      {aside.edits.map((edit) => (
        <Edit key={`${edit.at} ${edit.doc}`} edit={edit} putAway={() => (aside.drop(edit), changed())} />
      ))}
    </>
  )
}

function Edit({ edit: { doc, why, lines, text }, putAway }: { edit: AsideEdit; putAway: () => void }) {
  const [copied, setCopied] = useState(false)
  const copy = () => navigator.clipboard?.writeText(lines.join('\n')).then(() => setCopied(true))
  return (
    <article class="card set-aside" data-testid="set-aside">
      <p class="verdict bad">Not taken: what you wrote in {doc}</p>
      {why && <p class="faint">{why}</p>}
      <pre class="aside-lines" tabIndex={0}>{lines.join('\n')}</pre>
      <p class="aside-acts">
        {navigator.clipboard && <button class="small primary" onClick={copy}>{copied ? 'Copied' : 'Copy'}</button>}
        <a class="button small" download={`${doc.replace(/\W+/g, '-')}.txt`} href={`data:text/plain;charset=utf-8,${encodeURIComponent(text)}`}>Download all of it</a>
        <button class="small" data-testid="aside-done" onClick={putAway}>Put away</button>
      </p>
    </article>
  )
}
