/** The button for what can be done with the open document as a whole; what it shows is loaded when it is first opened. */
import { useRef, useState } from 'preact/hooks'
import type { Room } from '../client/room'
import { mayAct } from './away_words'
import { lazily } from './lazily'
import { useLeaving } from './leaving'
import type { OpenDocument } from './open_document'

const DocumentActs = lazily('the menu', () => import('./document_acts').then((module) => module.DocumentActs))
const RightsForm = lazily('the rights', () => import('./rights_form').then((module) => module.RightsForm))

export interface MenuProps { room: Room; opened: OpenDocument; reload: () => Promise<void> }

export function DocumentMenu(props: MenuProps) {
  const { room, opened } = props
  const [isOpen, setOpen] = useState(false)
  const [isRuling, setRuling] = useState(false)
  const box = useRef<HTMLDivElement>(null)
  useLeaving(box, isOpen, () => setOpen(false))
  // An owner acts on documents whatever the rules say; anybody else by what they are in this one.
  const role = room.role === 'owner' ? room.role : room.here.role
  if (!mayAct(room.away ? 'restore' : 'rename', role)) return null
  return (
    <div class="doc-menu" ref={box}>
      <button class="tab ghost" data-testid="doc-menu" title={`More about ${opened.name}`} aria-label="More about this document" aria-haspopup="menu" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        ⋯
      </button>
      {isOpen && (
        <div class="menu" role="menu">
          <DocumentActs {...props} close={() => setOpen(false)} rule={() => setRuling(true)} />
        </div>
      )}
      {isRuling && !room.away && <RightsForm opened={opened} close={() => setRuling(false)} />}
    </div>
  )
}
