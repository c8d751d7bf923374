/** Whether what is done here is kept. */
import type { Room } from '../client/room'
import { connectionState } from './connection_state'

export function Connection({ room, closed }: { room: Room; closed: string }) {
  const { words, tone } = connectionState({ online: room.online, welcomed: room.welcomed, synced: room.provider.synced, unsaved: room.unsaved }, closed)
  return (
    <span class={`connection ${tone}`} data-testid="connection" role="status">
      <i class="dot" /> {words}
    </span>
  )
}
