/** Who is here: people and the agent, from awareness; the agent says what it is doing. */
import { useEffect, useState } from 'preact/hooks'
import type { WebsocketProvider } from 'y-websocket'
import type { Room } from './room'
import { colourOf } from './session'

interface State {
  user?: { name?: string; color?: string; kind?: string }
  agent?: { status?: string; intents?: string[] }
}

const WORDS: Record<string, string> = { planning: 'thinks', waiting: 'waits', stopped: 'is stopped' }

export function People({ provider, room }: { provider: WebsocketProvider; room: Room }) {
  const [, redraw] = useState(0)
  useEffect(() => {
    const changed = () => redraw((count) => count + 1)
    provider.awareness.on('change', changed)
    return () => provider.awareness.off('change', changed)
  }, [provider])
  const states = [...provider.awareness.getStates().entries()] as [number, State][]
  const agent = states.find(([, state]) => state.user?.kind === 'agent')?.[1]
  const status = room.stops.length ? 'stopped' : (agent?.agent?.status ?? 'idle')
  const names = new Map<string, boolean>()
  for (const [client, state] of states)
    if (state.user?.name && state.user.kind !== 'agent') names.set(client === provider.doc.clientID ? room.actor || state.user.name : state.user.name, client === provider.doc.clientID)
  const writing = new Set(room.composing.values())
  return (
    <div class="people" data-testid="people">
      {agent && (
        <span class={`person agent ${status}`} title={`The agent: ${status}`}>
          <i class="spark">✦</i> Agent {WORDS[status] ?? ''}
        </span>
      )}
      {[...names].map(([name, own]) => (
        <span key={name} class="person" title={writing.has(name) ? `${name} is writing an instruction` : name}>
          <i class="dot" style={{ background: colourOf(name) }} />
          {own ? `${name} (you)` : name}
          {writing.has(name) && <em> …</em>}
        </span>
      ))}
    </div>
  )
}
