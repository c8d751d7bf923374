/** The log in plain words, read when somebody opens it. */
import { useState } from 'preact/hooks'
import type { Room } from '../client/room'
import { lazily } from '../page/lazily'

const LogList = lazily('the log', () => import('./log_list').then((module) => module.LogList))

export function Activity({ room }: { room: Room }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <details class="activity" data-testid="log" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        Log <span class="faint">{room.head} records</span>
      </summary>
      {isOpen && <LogList room={room} />}
    </details>
  )
}
