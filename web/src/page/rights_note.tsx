/** Said above a document in which somebody may not edit, by a rule of rights or by their role, or the agent may not. */
import { mayEdit } from '../client/here'
import type { Room } from '../client/room'
import { readOnlyWords } from './rights_words'

export function RightsNote({ room }: { room: Room }) {
  const { role, reason, agent } = room.here
  const isReader = room.welcomed && !mayEdit(role)
  if (room.away || (!agent && !isReader)) return null
  return (
    <div class="notice rights-note" data-testid="rights-note" role="note">
      <p>
        {isReader && <span>{readOnlyWords(role, reason || `You are ${role} in this workspace.`, room.actor)} </span>}
        {agent && <span>{agent}</span>}
      </p>
    </div>
  )
}
