/** The buttons for what may be done about a verdict. */
import type { IntentView } from '../client/log_view'
import type { Room } from '../client/room'
import type { VerdictBody } from '../client/wire'
import type { Aim } from './aim'
import { actsOn } from './verdict_acts'

/** `mark` tells two places of one intent apart; `onAct` hears that something was done. */
export function Remedies(props: { room: Room; intent: IntentView; verdict: VerdictBody; onAim: (aim: Aim) => void; mark?: string; onAct?: () => void }) {
  const { room, intent, mark = '' } = props
  const acts = actsOn(room, intent, props.verdict)
  const act = (deed: () => void) => () => {
    deed()
    props.onAct?.()
  }
  return (
    <>
      {acts.undoneBy && <span class="faint">taken back by {acts.undoneBy}</span>}
      {acts.undo && (
        <button class="small ghost" data-testid={`${mark}undo`} title="Take it back; what others typed since stays" onClick={act(() => room.undo(acts.undo))}>
          Undo
        </button>
      )}
      {acts.approve && (
        <button class="small" data-testid={`${mark}approve`} onClick={act(() => room.approve(intent.id))}>
          Run it anyway
        </button>
      )}
      {acts.override && (
        <button class="small ghost" data-testid={`${mark}override`} title="Ask for something else instead, knowing how this ended" onClick={act(() => props.onAim({ kind: 'override', intent }))}>
          Override
        </button>
      )}
    </>
  )
}
