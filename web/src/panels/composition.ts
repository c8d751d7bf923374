/**
 * An instruction while it is written, and where it points. What was selected at the first keystroke is what it is about,
 * whatever is selected later: its author read that then, and the stamp is of that moment, too.
 */
import { namedIn } from '../client/names'
import type { Scope } from '../client/wire'

export interface Composition {
  words: string
  /** Where it points since its first keystroke. */
  scope: Scope | null
  /** Whether it may point at a selection at all. */
  narrow: boolean
  /** Documents that are named and yet not meant. */
  left: ReadonlySet<string>
}

export const NOTHING_WRITTEN: Composition = { words: '', scope: null, narrow: true, left: new Set() }

/** Where an instruction points: where it began to, else at what is `selected` now, else at the whole document. */
export function currentScope(one: Composition, doc: string, selected: (() => Scope) | null): Scope {
  return one.scope ?? (selected && one.narrow ? selected() : { doc })
}

/** Other documents that its words name, and that were not left out. */
export function namedDocuments(one: Composition, current: Scope, documents: Iterable<string>): string[] {
  return namedIn(one.words, documents).filter((name) => name !== current.doc && !one.left.has(name))
}

/** All that it points at. */
export function pointedAt(current: Scope, named: readonly string[]): Scope[] {
  return [current, ...named.map((doc) => ({ doc }))]
}

/** Whether these words begin an instruction: then the clock is read. */
export function begins(one: Composition, words: string): boolean {
  return !!words && !one.words
}

/** Other words; the first ones fix where they point, no words at all let go of it. */
export function withWords(one: Composition, words: string, current: Scope): Composition {
  if (!words) return cleared(one)
  return { ...one, words, scope: one.words ? one.scope : current }
}

/** Nothing is written: it was sent, or put away. Who once pointed at the whole document goes on doing so. */
export function cleared(one: Composition): Composition {
  return { ...NOTHING_WRITTEN, narrow: one.narrow }
}

/** It points at the whole document from here on. */
export function widened(one: Composition, doc: string): Composition {
  return { ...one, scope: one.scope ? { doc } : null, narrow: false }
}

/** A document that it names is not meant. */
export function leftOut(one: Composition, name: string): Composition {
  return { ...one, left: new Set([...one.left, name]) }
}
