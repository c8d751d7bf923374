/** What can be done with the open document as a whole, and the way back for those that were put away. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { addressOf, byId, problemOf } from '../client/names'
import type { Room } from '../client/room'
import { mayAct } from './away_words'
import { useLeaving } from './leaving'
import type { OpenDocument } from './open_document'
import { RightsForm } from './rights_form'
import { api, call } from './session'

interface PutAwayDocument { id: string; name: string; state: string; by: string }
interface MenuProps { room: Room; opened: OpenDocument; reload: () => Promise<void> }

export function DocumentMenu({ room, opened, reload }: MenuProps) {
  const [isOpen, setOpen] = useState(false)
  const [away, setAway] = useState<PutAwayDocument[]>([])
  const [isRuling, setRuling] = useState(false)
  const box = useRef<HTMLDivElement>(null)
  useLeaving(box, isOpen, () => setOpen(false))
  useEffect(() => {
    if (!isOpen) return
    if (mayAct('restore', room.role))
      call<PutAwayDocument[]>('GET', `${api}/documents?state=all`).then((all) => setAway(all.filter((one) => one.state !== 'living')), () => setAway([]))
  }, [isOpen])
  // An owner acts on documents whatever the rules say; anybody else by what they are in this one.
  const role = room.role === 'owner' ? room.role : room.here.role
  if (!mayAct(room.away ? 'restore' : 'rename', role)) return null
  const act = (id: string, body: object) => {
    setOpen(false)
    call('PATCH', `${api}/documents/${addressOf(byId(id))}`, body).then(reload, (error: unknown) => alert((error as Error).message))
  }
  const rename = () => {
    const name = prompt(`New name of “${opened.name}”`, opened.name)?.trim()
    if (!name || name === opened.name) return setOpen(false)
    const problem = problemOf(name)
    if (problem) return alert(problem)
    act(opened.id, { name })
  }
  const remove = () => {
    if (confirm(`Delete “${opened.name}” for everybody? It is kept: an owner can restore it.`)) act(opened.id, { state: 'deleted' })
  }
  return (
    <div class="doc-menu" ref={box}>
      <button class="tab ghost" data-testid="doc-menu" title={`More about ${opened.name}`} aria-label="More about this document" aria-haspopup="menu" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        ⋯
      </button>
      {isOpen && (
        <div class="menu" role="menu">
          {!room.away && <button role="menuitem" onClick={rename}>Rename…</button>}
          {!room.away && mayAct('archive', room.role) && <button role="menuitem" onClick={() => act(opened.id, { state: 'archived' })}>Archive</button>}
          {!room.away && mayAct('delete', room.role) && <button role="menuitem" class="bad" onClick={remove}>Delete…</button>}
          {!room.away && room.role === 'owner' && <button role="menuitem" data-testid="rights" onClick={() => (setOpen(false), setRuling(true))}>Who may what…</button>}
          {away.length > 0 && <p class="faint">Put away</p>}
          {away.map(({ id, name, state, by }) => (
            <button key={id} role="menuitem" title={`${state} by ${by}`} onClick={() => act(id, { state: 'living' })}>
              Restore {name} <span class="faint">{state}</span>
            </button>
          ))}
        </div>
      )}
      {isRuling && !room.away && <RightsForm opened={opened} close={() => setRuling(false)} />}
    </div>
  )
}
