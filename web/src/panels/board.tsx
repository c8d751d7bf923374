/** The queue of instructions with their live states, and the verdicts with reason and remedy. */
import type { IntentView } from '../client/log_view'
import type { Room } from '../client/room'
import { inkOf } from '../page/colours'
import type { Aim } from './aim'
import { cardOf, cardsOf, isLive, remedyOf, stopsOffered, toneOf, unsentOf } from './cards'
import { CostLine } from './cost'
import { Fates } from './effects'
import { Remedies } from './remedies'

export function Board({ room, onAim }: { room: Room; onAim: (aim: Aim) => void }) {
  const cards = cardsOf(room)
  return (
    <section class="board" aria-label="Instructions">
      {room.problems.map((problem) => (
        <article class="card intent" data-testid="problem" key={problem.n + problem.text}>
          <p class="words">{problem.text}</p>
          <p class="verdict bad">{problem.problem}</p>
          {problem.remedy && <p class="faint">{problem.remedy}</p>}
          <button onClick={() => room.dismiss(problem)}>Put away</button>
        </article>
      ))}
      {unsentOf(room.lane.pending, room).map((intent) => (
        <article class="card intent waiting" data-testid="pending" key={`pending ${intent.n}`}>
          <p class="words">{intent.text}</p>
          <p class="faint">{room.online ? 'sending…' : 'waits here until the connection is back'}</p>
        </article>
      ))}
      <StopAll room={room} live={cards.filter((intent) => isLive(intent.state) && room.mayStop(intent))} />
      {cards.map((intent) => (
        <Card key={intent.id} room={room} intent={intent} onAim={onAim} />
      ))}
    </section>
  )
}

/** Stop what is under way, mine or all that I may, once there is more than one card to do it on. */
function StopAll({ room, live }: { room: Room; live: IntentView[] }) {
  const { mine, all } = stopsOffered(live, room.actor)
  if (!mine && !all) return null
  return (
    <div class="stop-all">
      {mine > 0 && <button class="small" data-testid="stop-mine" onClick={() => room.stop('mine')}>Stop mine ({mine})</button>}
      {all > 0 && <button class="small" data-testid="stop-all" onClick={() => room.stop('all')}>Stop all ({all})</button>}
    </div>
  )
}

function Card({ room, intent, onAim }: { room: Room; intent: IntentView; onAim: (aim: Aim) => void }) {
  const { verdict } = intent
  const card = cardOf(room, intent)
  const cost = room.costs.get(intent.id)
  return (
    <article class="card intent" data-testid="intent-card" data-state={intent.state} data-actor={intent.actor}>
      <header>
        <b style={{ color: inkOf(intent.actor) }}>{card.author}</b>
        <span class={`state ${intent.state}`}>{card.state}</span>
      </header>
      <p class="words">{card.words}</p>
      {card.joins && <p class="faint">{card.joins}</p>}
      {card.waits && <p class="faint">{card.waits}</p>}
      {card.note && <p class="faint">{card.note}</p>}
      {card.steps.length > 0 && (
        <ol class="steps" data-testid="steps" aria-live="polite">
          {card.steps.map((step, at) => (
            <li key={`${at} ${step}`} class={at === card.steps.length - 1 ? 'now' : ''}>{step}</li>
          ))}
        </ol>
      )}
      {verdict && (
        <div class="verdict" data-testid="verdict">
          <p class={toneOf(verdict)}>{verdict.reason}</p>
          {remedyOf(verdict) && <p class="faint">{remedyOf(verdict)}</p>}
          {verdict.did && (
            <details class="did" data-testid="did">
              <summary>What was done</summary>
              <ul>{verdict.did.map((one) => <li key={one}>{one}</li>)}</ul>
            </details>
          )}
        </div>
      )}
      {card.replaced && <p class="bad" data-testid="replaced">{card.replaced}</p>}
      {intent.effects && <Fates effects={intent.effects} />}
      {cost && <CostLine cost={cost} />}
      <footer>
        {card.isLive && room.mayStop(intent) && (
          <button class="small" data-testid="stop" onClick={() => room.cancel(intent.id)}>
            {intent.state === 'planning' ? 'Stop' : 'Cancel'}
          </button>
        )}
        {card.maySteer && (
          <button class="small" data-testid="steer" title="Change its course while it works" onClick={() => onAim({ kind: 'steer', intent })}>
            Add to it
          </button>
        )}
        {verdict && <Remedies room={room} intent={intent} verdict={verdict} onAim={onAim} />}
      </footer>
    </article>
  )
}
