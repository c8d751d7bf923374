/** The head of a list: its title, and a box to look for something in it. */
import type { ComponentChildren } from 'preact'

const FIND_MAX = 100

interface ListHeadProps {
  id: string
  title: string
  find: string
  hint: string
  onFind: (words: string) => void
  children?: ComponentChildren
}

export function ListHead({ id, title, find, hint, onFind, children }: ListHeadProps) {
  return (
    <div class="list-head">
      <h2 id={id}>{title}</h2>
      {children}
      <input type="search" aria-label={`Search ${title.toLowerCase()}`} placeholder={hint} maxLength={FIND_MAX} value={find} onInput={(event) => onFind(event.currentTarget.value)} />
    </div>
  )
}
