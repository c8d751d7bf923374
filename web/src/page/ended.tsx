/** Said where this person's link has ended: what was written stays, and a new link goes on with it in this very tab. */
import { useState } from 'preact/hooks'
import { UNAUTHENTICATED } from '../client/close_codes'
import type { Session } from '../session/workspace_session'
import { tokenIn } from './link'
import { SignIn } from './sign_in'

export function Ended({ session }: { session: Session }) {
  const [pasted, setPasted] = useState('')
  const [problem, setProblem] = useState('')
  if (session.room.ended?.code !== UNAUTHENTICATED) return null
  const goOn = (event: Event) => {
    event.preventDefault()
    const token = tokenIn(pasted)
    if (!token) return setProblem('A link to this workspace ends in #token=…')
    setPasted('')
    setProblem('')
    location.hash = `token=${token}`
  }
  return (
    <section class="stop-banner away ended" data-testid="ended" role="alert">
      <div class="standing">
        <i class="halt" aria-hidden="true" />
        <p>
          <b>Your link has ended.</b> What you write stays in this browser, and goes out as soon as you are let in again.
        </p>
      </div>
      <form class="away-acts" onSubmit={goOn}>
        <input class="new-link" value={pasted} placeholder="Paste your new link" aria-label="Your new link" onInput={(event) => setPasted(event.currentTarget.value)} />
        <button class="small primary" disabled={!pasted.trim()}>Go on</button>
        <SignIn words={(name) => `Sign in with ${name}`} />
        {problem && <p class="bad" role="alert">{problem}</p>}
      </form>
    </section>
  )
}
