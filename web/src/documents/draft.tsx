/** What the agent is writing: beside the document, never in it, with the way to stop it or to change its course. */
import { useEffect, useRef } from 'preact/hooks'
import type { DraftView } from '../client/log_view'
import type { Room } from '../client/room'
import type { Aim } from '../panels/aim'
import { draftHeading } from './draft_heading'

export function Draft({ room, draft, onAim }: { room: Room; draft: DraftView; onAim: (aim: Aim) => void }) {
  const words = useRef<HTMLPreElement>(null)
  useEffect(() => {
    if (words.current) words.current.scrollTop = words.current.scrollHeight
  }, [draft.text])
  const intent = room.intents.get(draft.intents[0] ?? '')
  return (
    <aside class="draft" data-testid="draft">
      <header>
        <span class="faint">{draftHeading(draft, room)}</span>
        {intent && room.mayStop(intent) && (
          <button class="small" data-testid="stop-draft" onClick={() => room.cancel(intent.id)}>Stop</button>
        )}
        {intent && room.role !== 'viewer' && <button class="small" onClick={() => onAim({ kind: 'steer', intent })}>Add to it</button>}
      </header>
      <pre ref={words}>{draft.text}</pre>
    </aside>
  )
}
