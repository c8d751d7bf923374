/** The queue of instructions with their live states, and the verdicts with reason and remedy. */
import type { Aim } from './composer'
import { CostLine } from './cost'
import { Fates } from './effects'
import type { Room } from './room'
import type { IntentView } from './told'
import { inkOf } from './session'
import { RANKS, type Verdict } from './wire'

export const LABELS: Record<string, string> = {
  parked: 'waits for edits',
  queued: 'queued',
  planning: 'planning…',
  ready: 'ready',
  held: 'waits for an answer',
  done: 'done',
  merged: 'merged',
  overruled: 'overruled',
  superseded: 'replaced',
  suggested: 'suggested',
  branched: 'branched',
  cancelled: 'cancelled',
  rejected: 'not done',
  expired: 'expired',
  failed: 'failed',
}
const LIVE = new Set(['parked', 'queued', 'planning', 'ready', 'held'])

export function Board({ room, onAim }: { room: Room; onAim: (aim: Aim) => void }) {
  const shown = [...room.intents.values()].filter((intent) => ['do', 'override', 'approve', 'undo'].includes(intent.kind))
  const newest = shown.sort((a, b) => b.seq - a.seq).slice(0, 60)
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
      {room.lane.pending
        .filter((intent) => intent.text && ![...room.intents.values()].some((one) => one.mine && one.text === intent.text && LIVE.has(one.state)))
        .map((intent) => (
          <article class="card intent waiting" data-testid="pending" key={`pending ${intent.n}`}>
            <p class="words">{intent.text}</p>
            <p class="faint">{room.online ? 'sending…' : 'waits here until the connection is back'}</p>
          </article>
        ))}
      <StopAll room={room} live={newest.filter((intent) => LIVE.has(intent.state) && room.mayStop(intent))} />
      {newest.map((intent) => (
        <Card key={intent.id} room={room} intent={intent} onAim={onAim} />
      ))}
    </section>
  )
}

/** Stop what is under way, mine or all that I may, once there is more than one card to do it on. */
function StopAll({ room, live }: { room: Room; live: IntentView[] }) {
  const mine = live.filter((intent) => intent.actor === room.actor).length
  if (live.length < 2) return null
  return (
    <div class="stop-all">
      {mine > 1 && <button class="small" data-testid="stop-mine" onClick={() => room.stop('mine')}>Stop mine ({mine})</button>}
      {live.length > mine && <button class="small" data-testid="stop-all" onClick={() => room.stop('all')}>Stop all ({live.length})</button>}
    </div>
  )
}

function Card({ room, intent, onAim }: { room: Room; intent: IntentView; onAim: (aim: Aim) => void }) {
  const live = LIVE.has(intent.state)
  const verdict = intent.verdict
  const waits = intent.waitsFor.map((id) => room.intents.get(id)?.actor ?? id)
  const steps = room.steps.get(intent.id) ?? []
  const cost = room.costs.get(intent.id)
  const working = intent.state === 'planning' || intent.state === 'ready'
  const maySteer = working && intent.kind !== 'approve' && room.role !== 'viewer'
  const joined = intent.kind === 'do' ? room.intents.get(intent.refs[0] ?? '') : undefined
  const replaced = intent.replacedBy ? room.intents.get(intent.replacedBy) : undefined
  return (
    <article class="card intent" data-testid="intent-card" data-state={intent.state} data-actor={intent.actor}>
      <header>
        <b style={{ color: inkOf(intent.actor) }}>{intent.mine || intent.actor === room.actor ? 'You' : intent.actor}</b>
        <span class={`state ${intent.state}`}>{verdict?.code === 'unchanged' ? 'nothing changed' : LABELS[intent.state] ?? intent.state}</span>
      </header>
      <p class="words">{wordsOf(room, intent)}</p>
      {joined && <p class="faint">adds to {joined.actor === room.actor ? 'your' : `${joined.actor}’s`} “{joined.text.slice(0, 60)}”</p>}
      {live && waits.length > 0 && <p class="faint">waits for {[...new Set(waits)].join(' and ')}</p>}
      {live && waits.length === 0 && intent.reason && intent.state !== 'held' && steps.length === 0 && <p class="faint">{intent.reason}</p>}
      {steps.length > 0 && (
        <ol class="steps" data-testid="steps" aria-live="polite">
          {steps.map((step, at) => (
            <li key={`${at} ${step}`} class={at === steps.length - 1 ? 'now' : ''}>{step}</li>
          ))}
        </ol>
      )}
      {verdict && (
        <div class="verdict" data-testid="verdict">
          <p class={verdict.state === 'done' || verdict.state === 'merged' ? 'good' : 'bad'}>{verdict.reason}</p>
          {verdict.remedy && verdict.state !== 'done' && <p class="faint">{verdict.remedy}</p>}
          {verdict.did && (
            <details class="did" data-testid="did">
              <summary>What was done</summary>
              <ul>{verdict.did.map((one) => <li key={one}>{one}</li>)}</ul>
            </details>
          )}
        </div>
      )}
      {replaced && <p class="bad" data-testid="replaced">{replaced.actor === room.actor ? 'Your' : `${replaced.actor}’s`} “{replaced.text.slice(0, 60)}” has taken its place.</p>}
      {intent.effects && <Fates effects={intent.effects} />}
      {cost && <CostLine cost={cost} />}
      <footer>
        {live && room.mayStop(intent) && (
          <button class="small" data-testid="stop" onClick={() => room.cancel(intent.id)}>
            {intent.state === 'planning' ? 'Stop' : 'Cancel'}
          </button>
        )}
        {maySteer && (
          <button class="small" data-testid="steer" title="Change its course while it works" onClick={() => onAim({ kind: 'steer', intent })}>
            Add to it
          </button>
        )}
        {verdict && <Remedies room={room} intent={intent} verdict={verdict} onAim={onAim} />}
      </footer>
    </article>
  )
}

/** What an intent asks for, in words. */
export function wordsOf(room: Room, intent: Pick<IntentView, 'kind' | 'refs' | 'text'>): string {
  const about = intent.refs[0] ?? ''
  if (intent.kind === 'undo') return `Take back: ${[...room.intents.values()].find((one) => one.verdict?.commit === about)?.text ?? about}`
  return intent.kind === 'approve' ? `Run: ${room.intents.get(about)?.text ?? about}` : intent.text
}

/** What may be done about a verdict. `mark` tells two places of one intent apart; `onAct` hears that something was done. */
export function Remedies(props: { room: Room; intent: IntentView; verdict: Verdict; onAim: (aim: Aim) => void; mark?: string; onAct?: () => void }) {
  const { room, intent, verdict, mark = '' } = props
  const can = verdict.can ?? []
  const undoneBy = verdict.commit && [...room.intents.values()].find((one) => one.kind === 'undo' && one.state === 'done' && one.refs[0] === verdict.commit)
  const mayUndo = can.includes('undo') && verdict.commit && !undoneBy && intent.kind !== 'undo' && (intent.actor === room.actor || RANKS[room.role]! >= RANKS[intent.role]!)
  const mayOverride = can.includes('override') && (intent.kind === 'do' || intent.kind === 'override') && room.role !== 'viewer'
  const act = (deed: () => void) => () => {
    deed()
    props.onAct?.()
  }
  return (
    <>
      {undoneBy && <span class="faint">taken back by {undoneBy.actor === room.actor ? 'you' : undoneBy.actor}</span>}
      {mayUndo && (
        <button class="small ghost" data-testid={`${mark}undo`} title="Take it back; what others typed since stays" onClick={act(() => room.undo(verdict.commit!))}>
          Undo
        </button>
      )}
      {can.includes('approve') && room.role !== 'viewer' && room.role !== 'commenter' && (
        <button class="small" data-testid={`${mark}approve`} onClick={act(() => room.approve(intent.id))}>
          Run it anyway
        </button>
      )}
      {mayOverride && (
        <button class="small ghost" data-testid={`${mark}override`} title="Ask for something else instead, knowing how this ended" onClick={act(() => props.onAim({ kind: 'override', intent }))}>
          Override
        </button>
      )}
    </>
  )
}
