/** A box that opens over the page is left by Escape, and by a press outside of it. */
import type { RefObject } from 'preact'
import { useEffect } from 'preact/hooks'

type Deed = { key: string } | { target: EventTarget | null }

/** Tell whether a key or a press leaves a box that holds what `holds` says. */
export function isLeaving(deed: Deed, holds: (target: EventTarget | null) => boolean): boolean {
  return 'key' in deed ? deed.key === 'Escape' : !holds(deed.target)
}

/** Call `leave` once either happens while the box is open. */
export function useLeaving(box: RefObject<HTMLElement | null>, isOpen: boolean, leave: () => void): void {
  useEffect(() => {
    if (!isOpen) return
    const look = (event: Event) => {
      const deed: Deed = event instanceof KeyboardEvent ? { key: event.key } : { target: event.target }
      if (isLeaving(deed, (target) => !!box.current?.contains(target as Node))) leave()
    }
    addEventListener('pointerdown', look)
    addEventListener('keydown', look)
    return () => {
      removeEventListener('pointerdown', look)
      removeEventListener('keydown', look)
    }
  }, [isOpen])
}
