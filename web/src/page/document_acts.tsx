/** What can be done with the open document as a whole, and the way back for those that were put away. */
import { useEffect, useState } from 'preact/hooks'
import { addressOf, byId, problemOf } from '../client/names'
import { mayAct } from './away_words'
import type { MenuProps } from './document_menu'
import { api, call } from './session'

interface PutAwayDocument { id: string; name: string; state: string; by: string }
interface ActsProps extends MenuProps { close: () => void; rule: () => void }

export function DocumentActs({ room, opened, reload, close, rule }: ActsProps) {
  const [away, setAway] = useState<PutAwayDocument[]>([])
  useEffect(() => {
    if (mayAct('restore', room.role))
      call<PutAwayDocument[]>('GET', `${api}/documents?state=all`).then((all) => setAway(all.filter((one) => one.state !== 'living')), () => setAway([]))
  }, [])
  const act = (id: string, body: object) => {
    close()
    call('PATCH', `${api}/documents/${addressOf(byId(id))}`, body).then(reload, (error: unknown) => alert((error as Error).message))
  }
  const rename = () => {
    const name = prompt(`New name of “${opened.name}”`, opened.name)?.trim()
    if (!name || name === opened.name) return close()
    const problem = problemOf(name)
    if (problem) return alert(problem)
    act(opened.id, { name })
  }
  const remove = () => {
    if (confirm(`Delete “${opened.name}” for everybody? It is kept: an owner can restore it.`)) act(opened.id, { state: 'deleted' })
  }
  return (
    <>
      {!room.away && <button role="menuitem" onClick={rename}>Rename…</button>}
      {!room.away && mayAct('archive', room.role) && <button role="menuitem" onClick={() => act(opened.id, { state: 'archived' })}>Archive</button>}
      {!room.away && mayAct('delete', room.role) && <button role="menuitem" class="bad" onClick={remove}>Delete…</button>}
      {!room.away && room.role === 'owner' && <button role="menuitem" data-testid="rights" onClick={() => (close(), rule())}>Who may what…</button>}
      {away.length > 0 && <p class="faint">Put away</p>}
      {away.map(({ id, name, state, by }) => (
        <button key={id} role="menuitem" title={`${state} by ${by}`} onClick={() => act(id, { state: 'living' })}>
          Restore {name} <span class="faint">{state}</span>
        </button>
      ))}
    </>
  )
}
