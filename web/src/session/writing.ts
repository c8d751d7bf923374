/** The instruction that is being written on this page, kept at each keystroke: a reload, a crash or a closed tab loses none of it. */
import { NOTHING_WRITTEN, type Composition } from '../panels/composition'
import type { Scope } from '../client/wire'
import type { Shelf } from './shelf'

interface KeptWriting { words: string; scope: Scope | null; narrow: boolean; left: string[]; seen: number; at: number }
/** What was being written, and what its author had seen when it was begun. */
export interface Unfinished { composition: Composition; seen: number }

const KIND = 'writing:'

/** Keep what is written on a page, or forget it where nothing is. */
export function keepWriting(shelf: Shelf, tab: string, { words, scope, narrow, left }: Composition, seen: number, now: number): void {
  if (!words) return shelf.drop(KIND + tab)
  shelf.write(KIND + tab, { words, scope, narrow, left: [...left], seen, at: now } satisfies KeptWriting)
}

/** What was being written on this page before it was loaded. */
export function writingOf(shelf: Shelf, tab: string): Unfinished | null {
  const kept = shelf.read<KeptWriting>(KIND + tab)
  if (!kept?.words) return null
  const { words, scope, narrow, left, seen } = kept
  return { composition: { ...NOTHING_WRITTEN, words, scope, narrow, left: new Set(left) }, seen }
}

/** The pages on which something is written, the one written on last first. */
export function pagesWriting(shelf: Shelf): string[] {
  return shelf.names(KIND).sort((a, b) => (shelf.read<KeptWriting>(KIND + b)?.at ?? 0) - (shelf.read<KeptWriting>(KIND + a)?.at ?? 0))
}

/** Take over what was being written on a page that is gone. */
export function takeOver(shelf: Shelf, from: string, to: string): void {
  const kept = shelf.read<KeptWriting>(KIND + from)
  if (kept) shelf.write(KIND + to, kept)
  shelf.drop(KIND + from)
}
