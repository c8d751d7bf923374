/** Whether what is done here is kept; and the way on where the connection has ended for good. */
import type { Room } from '../client/room'
import type { LiveDocument } from '../session/live_documents'
import { connectionState, endedWords } from './connection_state'

export function Connection({ room, live: { link, isLoaded } }: { room: Room; live: LiveDocument }) {
  const { words, tone } = connectionState(
    { lost: room.lost || link.lost, welcomed: room.welcomed && link.welcomed, synced: link.provider.synced, unsaved: link.unsaved, kept: isLoaded },
    link.away ? link.away.how : endedWords((room.ended ?? link.ended)?.reason ?? ''),
  )
  return (
    <span class={`connection ${tone}`} data-testid="connection" role="status">
      <i class="dot" /> {words}
    </span>
  )
}
