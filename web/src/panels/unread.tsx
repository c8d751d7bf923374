/** The inbox on the page: own instructions that have ended and whose verdict its author has not acknowledged yet. */
import { useEffect, useRef } from 'preact/hooks'
import type { Room } from '../client/room'
import type { InboxEntry } from '../client/wire'
import type { Aim } from './aim'
import { LABELS, remedyOf, toneOf, wordsOf } from './cards'
import { Remedies } from './remedies'
import { intentOf, unreadWords } from './unread_words'

/** `since` is where the log stood when the page was opened: what ended before did so while its author was away. */
export function Unread({ room, since, onAim }: { room: Room; since: number; onAim: (aim: Aim) => void }) {
  const { waiting, more } = room.inbox
  const list = useRef<HTMLOListElement>(null)
  const place = useRef<number | null>(null)
  const said = unreadWords(waiting, more, since)
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
              <UnreadEntry key={entry.id} room={room} entry={entry} onAim={onAim} put={(keeps) => put([entry.id], keeps ? at : null)} />
            ))}
          </ol>
          {more > 0 && <p class="faint">and {more} more, older ones</p>}
        </section>
      )}
    </>
  )
}

function UnreadEntry({ room, entry, onAim, put }: { room: Room; entry: InboxEntry; onAim: (aim: Aim) => void; put: (keepsFocus: boolean) => void }) {
  const { verdict } = entry
  const words = wordsOf(room, entry)
  const remedy = remedyOf(verdict)
  return (
    <li data-testid="inbox-entry" data-state={verdict.state}>
      <p class="words">
        <span class={`state ${verdict.state}`}>{LABELS[verdict.state] ?? verdict.state}</span> {words}
      </p>
      <p class={toneOf(verdict)}>{verdict.reason}</p>
      {remedy && <p class="faint remedy" title={remedy}>{remedy}</p>}
      <footer>
        <Remedies room={room} intent={intentOf(room, entry)} verdict={verdict} onAim={onAim} mark="inbox-" onAct={() => put(false)} />
        <button class="small" data-testid="got-it" aria-label={`Got it: ${words.slice(0, 80)}`} onClick={() => put(true)}>Got it</button>
      </footer>
    </li>
  )
}
