/** What whoever opens an invitation sees: to what, as what, by whom; and where one says how one is called. */
import { useEffect, useState } from 'preact/hooks'
import type { Role } from '../client/wire'
import { base } from './base'
import { colourOf } from './colours'
import { NotDone } from './http'
import { forgetInvitation } from './link'
import { call, ws, type Me } from './session'
import { SignIn } from './sign_in'
import { ofTab } from './stores'

interface Offer { ws: string; name: string; role: Role; by: string; expires: number; known: string | null; member: boolean }

const MAY: Record<string, string> = {
  owner: 'You can do everything there, and let others in.',
  editor: 'You can write there, and instruct the agent.',
  commenter: 'You can read there and ask the agent for suggestions.',
  viewer: 'You can read there.',
}

export function Invited({ invitation }: { invitation: string }) {
  const [shown, setShown] = useState<Offer | null>(null)
  const [problem, setProblem] = useState<Error | null>(null)
  const [name, setName] = useState('')
  const [isJoining, setJoining] = useState(false)
  // Whoever is known by a name that is taken here says another one.
  const [isAsked, setAsked] = useState(false)
  useEffect(() => {
    call<Offer>('POST', '/api/invitation', { invitation }).then(
      (found) => {
        if (found.member) return goIn(found.ws)
        setShown(found)
        document.title = `Join ${found.name} · Folkmoot`
      },
      // Whoever is here by a link of their own needs no invitation either.
      (error: Error) => void call<Me>('GET', `/api/me?ws=${ws}`).then(
        (me) => (me.role === 'guest' ? setProblem(error) : putAway()),
        () => setProblem(error),
      ),
    )
  }, [])
  const goIn = (where: string) => {
    forgetInvitation(ws, ofTab, true)
    if (where === ws) location.reload()
    else location.replace(`${base}/w/${where}`)
  }
  const putAway = () => {
    forgetInvitation(ws, ofTab, false)
    location.reload()
  }
  const join = (event: Event) => {
    event.preventDefault()
    setJoining(true)
    setProblem(null)
    call<{ ws: string }>('POST', '/api/invitation/accept', { invitation, name: name.trim() }).then(
      (joined) => goIn(joined.ws),
      (error: Error) => {
        setProblem(error)
        setJoining(false)
        setAsked(true)
      },
    )
  }
  if (!shown && problem)
    return (
      <main class="stop">
        <h1>This invitation does not open</h1>
        <Problem problem={problem} />
        <button class="primary" onClick={putAway}>Go on without it</button>
      </main>
    )
  const isKnown = Boolean(shown?.known) && !isAsked
  if (!shown) return <main class="stop"><p class="faint">Opening…</p></main>
  return (
    <main class="stop invited">
      <p class="faint"><span class="brand">◐</span> Folkmoot</p>
      <h1>Join {shown.name}</h1>
      <p>
        <b>{shown.by}</b> invites you as <b>{shown.role}</b>. {MAY[shown.role]}
      </p>
      <form onSubmit={join}>
        {isKnown ? (
          <p class="person"><i class="dot" style={{ background: colourOf(shown.known ?? '') }} /> You are {shown.known} on this server.</p>
        ) : (
          <label>
            How the others see you
            <input data-testid="name" value={name} maxLength={64} autocomplete="name" autofocus required placeholder="Your name" onInput={(event) => setName(event.currentTarget.value)} />
          </label>
        )}
        {problem && <Problem problem={problem} />}
        <button class="primary" disabled={isJoining || (!isKnown && !name.trim())}>Join</button>
      </form>
      {shown.known === null && <SignIn words={(name) => `Or sign in with ${name} first`} />}
      <p class="faint">What you write stands under this name, also after you leave. The invitation is open until {new Date(shown.expires * 1000).toLocaleDateString()}.</p>
    </main>
  )
}

function Problem({ problem }: { problem: Error }) {
  return (
    <div role="alert" class="refused">
      <p>{problem.message}</p>
      {problem instanceof NotDone && problem.remedy && <p class="faint">{problem.remedy}</p>}
    </div>
  )
}
