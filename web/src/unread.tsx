/** The inbox on the page: own instructions that have ended and whose verdict its author has not acknowledged yet. */
import { useEffect, useRef } from 'preact/hooks'
import { LABELS, Remedies, wordsOf } from './board'
import type { Aim } from './composer'
import type { Room } from './room'
import type { IntentView } from './told'
import type { InboxEntry } from './wire'

/** `since` is where the log stood when the page was opened: what ended before did so while its author was away. */
export function Unread({ room, since, onAim }: { room: Room; since: number; onAim: (aim: Aim) => void }) {
  const { waiting, more } = room.inbox
  const list = useRef<HTMLOListElement>(null)
  const place = useRef<number | null>(null)
  const total = waiting.length + more
  const said = !total ? '' : waiting.every((entry) => entry.verdict_seq <= since) ? `While you were away, ${total} of your instructions ended` : `${total} of your instructions ended`
  // Whoever goes through the list by keyboard stays in it: the next entry takes the place of the one put away.
  useEffect(() => {
    if (place.current === null) return
    const buttons = list.current?.querySelectorAll<HTMLButtonElement>('[data-testid=got-it]') ?? []
    const next = buttons[Math.min(place.current, buttons.length - 1)] ?? document.querySelector<HTMLElement>('[data-testid=composer]')
    place.current = null
    next?.focus()
  }, [waiting.length])
  const put = (ids: string[], at: number | null) => {
    place.current = at
    room.inbox.acknowledge(ids)
  }
  return (
    <>
      <p class="unseen" role="status" data-testid="inbox-said">{said}</p>
      {waiting.length > 0 && (
        <section class="card inbox" aria-label="Inbox" data-testid="inbox">
          <header>
            <h2 aria-hidden="true">{said}</h2>
            {waiting.length > 1 && (
              <button class="small" data-testid="got-all" onClick={() => put(waiting.map((entry) => entry.id), 0)}>
                Got {more ? `these ${waiting.length}` : 'all'}
              </button>
            )}
          </header>
          <ol ref={list}>
            {waiting.map((entry, at) => (
              <Entry key={entry.id} room={room} entry={entry} onAim={onAim} put={(keeps) => put([entry.id], keeps ? at : null)} />
            ))}
          </ol>
          {more > 0 && <p class="faint">and {more} more, older ones</p>}
        </section>
      )}
    </>
  )
}

function Entry({ room, entry, onAim, put }: { room: Room; entry: InboxEntry; onAim: (aim: Aim) => void; put: (keepsFocus: boolean) => void }) {
  const { verdict } = entry
  const words = wordsOf(room, entry)
  return (
    <li data-testid="inbox-entry" data-state={verdict.state}>
      <p class="words">
        <span class={`state ${verdict.state}`}>{LABELS[verdict.state] ?? verdict.state}</span> {words}
      </p>
      <p class={verdict.state === 'done' || verdict.state === 'merged' ? 'good' : 'bad'}>{verdict.reason}</p>
      {verdict.remedy && verdict.state !== 'done' && <p class="faint remedy" title={verdict.remedy}>{verdict.remedy}</p>}
      <footer>
        <Remedies room={room} intent={viewOf(room, entry)} verdict={verdict} onAim={onAim} mark="inbox-" onAct={() => put(false)} />
        <button class="small" data-testid="got-it" aria-label={`Got it: ${words.slice(0, 80)}`} onClick={() => put(true)}>Got it</button>
      </footer>
    </li>
  )
}

/** The intent as the board shows it; made from the entry where it is older than what this page knows of the log. */
function viewOf(room: Room, { id, seq, at, kind, text, refs, verdict, verdict_seq: verdictSeq }: InboxEntry): IntentView {
  const { state, reason } = verdict
  return room.intents.get(id) ?? { id, seq, at, actor: room.actor, role: room.role, mine: false, kind, text, seen: 0, refs, state, reason, waitsFor: [], summary: '', verdict, verdictSeq }
}
