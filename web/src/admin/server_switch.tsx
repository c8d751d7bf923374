/** The server's switch: whether the agent works, and the way to stop it everywhere or to let it go on. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { clockOf } from '../page/stop_words'
import type { ServerCard } from './answers'

const REASON_MAX = 300

export function ServerSwitch({ server, stop, goOn }: { server: ServerCard; stop: (reason: string) => Promise<void>; goOn: () => Promise<void> }) {
  const [asks, setAsks] = useState(false)
  const [reason, setReason] = useState('')
  const [busy, setBusy] = useState(false)
  const field = useRef<HTMLInputElement>(null)
  const opener = useRef<HTMLButtonElement>(null)
  const wasOpen = useRef(false)
  useEffect(() => {
    if (asks) field.current?.focus()
    else if (wasOpen.current) opener.current?.focus()
    wasOpen.current = asks
  }, [asks])
  const during = async (doing: Promise<void>) => {
    setBusy(true)
    await doing
    setBusy(false)
    setAsks(false)
    setReason('')
  }
  if (server.stopped)
    return (
      <section class="switch is-on" data-testid="server-stopped" aria-label="The agent">
        {server.stops.map((one) => (
          <p key={one.since}>
            <i class="halt" aria-hidden="true" /> <b>The agent is stopped on the whole server</b> by {one.by}
            {one.reason && <>: <span class="why">{one.reason}</span></>} <time dateTime={one.since}>since {clockOf(one.since, new Date())}</time>
          </p>
        ))}
        <button
          ref={opener}
          data-testid="server-go-on"
          disabled={busy}
          onClick={() => confirm('Let the agent go on in every workspace that is not stopped itself?') && void during(goOn())}
        >
          Let it go on
        </button>
      </section>
    )
  return (
    <section class="switch" data-testid="server-working" aria-label="The agent">
      <p><i class="dot good" aria-hidden="true" /> The agent works{asks ? '.' : ' wherever no workspace has stopped it.'}</p>
      {!asks ? (
        <button ref={opener} class="stop-agent" data-testid="server-stop" onClick={() => setAsks(true)}>
          <i class="halt" aria-hidden="true" /> Stop the agent everywhere
        </button>
      ) : (
        <form
          class="stop-form"
          onSubmit={(event) => {
            event.preventDefault()
            void during(stop(reason.trim()))
          }}
          onKeyDown={(event) => {
            if (event.key === 'Escape') setAsks(false)
          }}
        >
          <input
            ref={field}
            data-testid="server-stop-reason"
            aria-label="Why the agent is stopped everywhere"
            placeholder="Why? Everybody who waits reads it (may stay empty)"
            maxLength={REASON_MAX}
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
          <button class="danger" data-testid="server-stop-now" disabled={busy}>Stop it in all workspaces</button>
          <button type="button" class="ghost" onClick={() => setAsks(false)}>Leave it</button>
        </form>
      )}
    </section>
  )
}
