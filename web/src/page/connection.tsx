/** Whether what is done here is kept. */
import type { Room } from '../client/room'
import { connectionState } from './connection_state'

export function Connection({ room, closed }: { room: Room; closed: string }) {
  const { words, tone } = connectionState(room, closed)
  return (
    <span class={`connection ${tone}`} data-testid="connection" role="status">
      <i class="dot" /> {words}
    </span>
  )
}
