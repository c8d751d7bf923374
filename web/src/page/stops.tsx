/** The switch that stops the agent: who may throw it, and what everybody reads while it is on. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Room } from '../client/room'
import type { Stop } from '../client/wire'
import { api, call } from './session'
import { clockOf, mayLetGoOn, mayStopAgent, reachOf } from './stop_words'

const REASON_MAX = 300

/** The owner's way to stop the agent: one click, a reason if there is time for one, Enter. */
export function StopAgent({ room }: { room: Room }) {
  const [asks, setAsks] = useState(false)
  const [reason, setReason] = useState('')
  const [problem, setProblem] = useState('')
  const [busy, setBusy] = useState(false)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (asks) field.current?.focus()
  }, [asks])
  if (!mayStopAgent(room.role, room.stops)) return null
  const close = () => {
    setAsks(false)
    setReason('')
    setProblem('')
  }
  const stop = async () => {
    setBusy(true)
    try {
      await call('PUT', `${api}/stop`, { reason: reason.trim() })
      close()
    } catch (error) {
      setProblem((error as Error).message)
    } finally {
      setBusy(false)
    }
  }
  if (!asks)
    return (
      <button class="small stop-agent" data-testid="stop-agent" title="Stop the agent for everybody here; people go on" onClick={() => setAsks(true)}>
        <i class="halt" aria-hidden="true" /> Stop the agent
      </button>
    )
  return (
    <form
      class="stop-form"
      data-testid="stop-form"
      onSubmit={(event) => {
        event.preventDefault()
        void stop()
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') close()
      }}
    >
      <input
        ref={field}
        data-testid="stop-reason"
        aria-label="Why the agent is stopped"
        placeholder="Why? Everybody who waits reads it (may stay empty)"
        maxLength={REASON_MAX}
        value={reason}
        onInput={(event) => setReason(event.currentTarget.value)}
      />
      <button class="danger" data-testid="stop-now" disabled={busy}>Stop it now</button>
      <button type="button" class="ghost" onClick={close}>Leave it</button>
      {problem && <p class="bad" role="alert">{problem}</p>}
    </form>
  )
}

/** Said to everybody while the agent is stopped: by whom, why, what goes on; with the way back for who may. */
export function Stopped({ room }: { room: Room }) {
  if (!room.stops.length) return null
  return (
    <section class="stop-banner" data-testid="stopped" role="status" aria-live="assertive">
      {room.stops.map((stop) => (
        <StopNotice key={stop.scope} room={room} stop={stop} />
      ))}
      <p class="what">You can go on writing. Instructions are taken and wait, also those that were under way; nothing is sent outside.</p>
    </section>
  )
}

function StopNotice({ room, stop }: { room: Room; stop: Stop }) {
  const [problem, setProblem] = useState('')
  const [busy, setBusy] = useState(false)
  const goOn = async () => {
    setBusy(true)
    try {
      await call('DELETE', `${api}/stop`)
    } catch (error) {
      setProblem((error as Error).message)
    } finally {
      setBusy(false)
    }
  }
  return (
    <div class="standing" data-testid={`stopped-${stop.scope}`}>
      <i class="halt" aria-hidden="true" />
      <p>
        <b>The agent is stopped{reachOf(stop.scope)}</b> by {stop.by === room.actor ? 'you' : stop.by}
        {stop.reason && <>: <span class="why">{stop.reason}</span></>} <time dateTime={stop.since}>since {clockOf(stop.since, new Date())}</time>
      </p>
      {mayLetGoOn(room.role, stop) && (
        <button class="small" data-testid="go-on" disabled={busy} onClick={goOn}>Let it go on</button>
      )}
      {problem && <p class="bad" role="alert">{problem}</p>}
    </div>
  )
}
