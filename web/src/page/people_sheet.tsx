/** Who is a member, how others come in, what one holds oneself; for owners what they may change of it. */
import { useEffect, useState } from 'preact/hooks'
import type { Role } from '../client/wire'
import { base } from './base'
import { PALETTE, colourOf } from './colours'
import { GIVEN_ROLES, keyWords, invitationWords, seenWords, type HeldKey, type Member, type OpenInvitation } from './members'
import { api, call, ws, type Me } from './session'

interface PeopleThere { members: Member[]; keys: HeldKey[]; invitations: OpenInvitation[] }

/** How often the sheet looks again. */
const LOOK_MS = 5_000

export function PeopleSheet({ me, reload }: { me: Me; reload: () => Promise<void> }) {
  const [listed, setListed] = useState<PeopleThere | null>(null)
  const [link, setLink] = useState('')
  const [problem, setProblem] = useState('')
  const isOwner = me.role === 'owner'
  const look = async () => {
    const [members, keys, invitations] = await Promise.all([
      call<Member[]>('GET', `${api}/members`),
      call<HeldKey[]>('GET', `/api/sessions?ws=${ws}`),
      isOwner ? call<OpenInvitation[]>('GET', `${api}/invitations`) : [],
    ])
    setListed({ members, keys, invitations })
  }
  const act = (doing: Promise<unknown>) => {
    setProblem('')
    doing.then(look).catch((error: Error) => setProblem(error.message))
  }
  useEffect(() => {
    act(Promise.resolve())
    // Who joins or leaves meanwhile is in no record of the log that this page follows.
    const again = setInterval(() => void look().catch(() => undefined), LOOK_MS)
    return () => clearInterval(again)
  }, [isOwner])
  const memberAt = (actor: string) => `${api}/members/${encodeURIComponent(actor)}`
  const invite = (event: SubmitEvent) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    const body = { role: String(form.get('role')), uses: Number(form.get('uses')) }
    act(
      call<{ invitation: string }>('POST', `${api}/invitations`, body).then((made) =>
        setLink(`${location.origin}${base}/w/${ws}#invitation=${made.invitation}`),
      ),
    )
  }
  const remove = ({ actor, own }: Member) => {
    if (!confirm(own ? 'Leave this workspace? What you wrote stays.' : `Take ${actor} out of this workspace?`)) return
    act(call('DELETE', memberAt(actor)).then(() => own && location.reload()))
  }
  const paint = (colour: string) => act(call('PATCH', `/api/me?ws=${ws}`, { colour }).then(reload))
  return (
    <>
      {problem && <p role="alert" class="refused">{problem}</p>}
      <h2>Members</h2>
      {listed?.members.map((member) => (
        <div key={member.actor} class="row">
          <i class="dot" style={{ background: colourOf(member.actor) }} />
          <span class="who">{member.actor}{member.own && ' (you)'}</span>
          {isOwner ? (
            <select aria-label={`Role of ${member.actor}`} value={member.role} onChange={(event) => act(call('PATCH', memberAt(member.actor), { role: event.currentTarget.value }))}>
              {GIVEN_ROLES.map((role: Role) => <option key={role}>{role}</option>)}
            </select>
          ) : (
            <span class="faint">{member.role}</span>
          )}
          {(isOwner || member.own) && <button class="small" onClick={() => remove(member)}>{member.own ? 'Leave' : 'Remove'}</button>}
        </div>
      ))}
      <div class="row palette" role="group" aria-label="Your colour">
        <span class="faint">Your colour</span>
        {PALETTE.map((colour) => (
          <button key={colour} class="swatch" aria-label={colour} aria-pressed={colourOf(me.actor) === colour} style={{ background: colour }} onClick={() => paint(colour)} />
        ))}
      </div>
      {isOwner && (
        <>
          <h2>Invite</h2>
          <form class="row" onSubmit={invite}>
            <select name="role" aria-label="As" defaultValue="editor">{GIVEN_ROLES.map((role: Role) => <option key={role} selected={role === 'editor'}>{role}</option>)}</select>
            <label class="faint">for <input name="uses" type="number" min={1} max={1000} defaultValue="1" aria-label="Number of people" /></label>
            <button class="primary">Make a link</button>
          </form>
          {link && (
            <div class="row">
              <input readOnly data-testid="invitation-link" aria-label="The link, shown this once" value={link} onFocus={(event) => event.currentTarget.select()} />
              <button onClick={() => void navigator.clipboard?.writeText(link)}>Copy</button>
            </div>
          )}
          {listed?.invitations.map((open) => (
            <div key={open.id} class="row">
              <span class="who faint">{invitationWords(open)}</span>
              <button class="small" onClick={() => act(call('DELETE', `${api}/invitations/${open.id}`))}>Take back</button>
            </div>
          ))}
        </>
      )}
      <h2>Where you are signed in</h2>
      {listed?.keys.map((key) => (
        <div key={key.id} class="row">
          <span class="who">
            {keyWords(key)} {key.own && <em>this one</em>}
            <small class="faint">{seenWords(key)}</small>
          </span>
          {!key.own && <button class="small" onClick={() => act(call('DELETE', `/api/sessions/${key.id}?ws=${ws}`))}>End</button>}
          {key.own && key.kind === 'session' && <button class="small" onClick={() => act(call('DELETE', `/api/session?ws=${ws}`).then(() => location.reload()))}>Sign out</button>}
        </div>
      ))}
      {listed && listed.keys.length > 1 && <button onClick={() => act(call('DELETE', `/api/sessions?ws=${ws}`))}>End all others</button>}
    </>
  )
}
