/** Who is here: people and the agent, from awareness; the agent says what it is doing. */
import { useEffect, useState } from 'preact/hooks'
import type { WebsocketProvider } from 'y-websocket'
import type { Room } from '../client/room'
import { colourOf } from './colours'
import { presentIn } from './presence'

export function People({ provider, room }: { provider: WebsocketProvider; room: Room }) {
  const [, redraw] = useState(0)
  useEffect(() => {
    const changed = () => redraw((count) => count + 1)
    provider.awareness.on('change', changed)
    return () => provider.awareness.off('change', changed)
  }, [provider])
  const { people, agent } = presentIn(provider.awareness.getStates(), provider.doc.clientID, room.actor, room.stops.length > 0)
  const writing = new Set(room.composing.values())
  return (
    <div class="people" data-testid="people">
      {agent && (
        <span class={`person agent ${agent.status}`} title={`The agent: ${agent.status}`}>
          <i class="spark">✦</i> Agent {agent.words}
        </span>
      )}
      {people.map(({ name, own }) => (
        <span key={name} class="person" title={writing.has(name) ? `${name} is writing an instruction` : name}>
          <i class="dot" style={{ background: colourOf(name) }} />
          {own ? `${name} (you)` : name}
          {writing.has(name) && <em> …</em>}
        </span>
      ))}
    </div>
  )
}
