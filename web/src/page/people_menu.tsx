/** The button that shows who is a member and how others come in; the sheet is loaded when it is first opened. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { lazily } from './lazily'
import { useLeaving } from './leaving'
import type { Me } from './session'

const PeopleSheet = lazily('people', () => import('./people_sheet').then((module) => module.PeopleSheet))

export function PeopleMenu({ me, reload }: { me: Me; reload: () => Promise<void> }) {
  const [isOpen, setOpen] = useState(false)
  const box = useRef<HTMLDivElement>(null)
  const sheet = useRef<HTMLDivElement>(null)
  useLeaving(box, isOpen, () => setOpen(false))
  useEffect(() => {
    if (isOpen) sheet.current?.focus()
  }, [isOpen])
  return (
    <div class="people-menu" ref={box}>
      <button class="ghost" data-testid="people-menu" aria-haspopup="dialog" aria-expanded={isOpen} title="People and sessions" onClick={() => setOpen(!isOpen)}>
        People
      </button>
      {isOpen && (
        <div class="menu sheet" role="dialog" aria-label="People and sessions" tabIndex={-1} ref={sheet}>
          <PeopleSheet me={me} reload={reload} />
        </div>
      )}
    </div>
  )
}
