/** What is shown before there is a document: the link is read, the workspace is opened, one of its documents is chosen. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { addressOf } from '../client/names'
import { documentIn, documentToOpen, linkTo } from './address'
import { setColours } from './colours'
import { Denied } from './http'
import { Invited } from './invited'
import type { Member } from './members'
import { asListed, documentNamed, type OpenDocument } from './open_document'
import { api, call, invitation, ws, type Me, type Workspace } from './session'
import { SignIn } from './sign_in'
import { WorkspacePage } from './workspace_page'

export function App() {
  return invitation ? <Invited invitation={invitation} /> : <Opened />
}

function Opened() {
  const [me, setMe] = useState<Me | null>(null)
  const [workspace, setWorkspace] = useState<Workspace | null>(null)
  const [problem, setProblem] = useState<unknown>(null)
  const load = () =>
    Promise.all([call<Me>('GET', `/api/me?ws=${ws}`), call<Workspace>('GET', api), call<Member[]>('GET', `${api}/members`)]).then(
      ([who, where, members]) => {
        setColours(members.map(({ actor, colour }) => [actor, colour]))
        setMe(who)
        setWorkspace(where)
        document.title = `${where.name} · Folkmoot`
      },
      (error: unknown) => setProblem(error),
    )
  useEffect(() => void load(), [])
  // Who has a document open keeps it, whatever a later question is answered: what was typed may be nowhere else.
  if (problem && !workspace) return <NotOpened problem={problem} />
  if (!me || !workspace) return <main class="stop"><p class="faint">Opening…</p></main>
  return <OpenWorkspace me={me} workspace={workspace} reload={load} />
}

function NotOpened({ problem }: { problem: unknown }) {
  const denied = problem instanceof Denied
  return (
    <main class="stop">
      <h1>{denied ? 'This workspace needs a link' : 'The server does not answer'}</h1>
      <p>
        {denied
          ? 'Open the link that the server printed, or ask the workspace’s owner for one. It ends in #token=…'
          : problem instanceof Error ? problem.message : String(problem)}
      </p>
      {denied && <SignIn words={(name) => `Sign in with ${name}`} />}
      <button class="primary" onClick={() => location.reload()}>Try again</button>
    </main>
  )
}

function OpenWorkspace({ me, workspace, reload }: { me: Me; workspace: Workspace; reload: () => Promise<void> }) {
  const { documents } = workspace
  const [name, setName] = useState(() => documentToOpen(location.search, documents))
  // It stays open while it is renamed, and where it is put away: what was typed in it is on the screen.
  const opened = useRef<OpenDocument | null>(null)
  const listed = documentNamed(name, workspace)
  if (opened.current?.name !== name) opened.current = listed
  if (opened.current) opened.current = asListed(opened.current, workspace)
  const now = opened.current
  useEffect(() => {
    if (!now || now.name === name) return
    history.replaceState(null, '', linkTo(now.name, location.pathname, location.search))
    setName(now.name)
  }, [now?.name])
  useEffect(() => {
    const back = () => setName(documentToOpen(location.search, documents))
    addEventListener('popstate', back)
    return () => removeEventListener('popstate', back)
  }, [workspace])
  const open = (next: string) => {
    if (next !== documentIn(location.search, documents)) history.pushState(null, '', linkTo(next, location.pathname, location.search))
    setName(next)
  }
  const [since] = useState(workspace.seq)
  if (now) return <WorkspacePage key={now.id} me={me} workspace={workspace} since={since} opened={now} open={open} reload={reload} />
  if (name) return <Elsewhere key={name} name={name} open={open} />
  return <EmptyWorkspace reload={reload} open={open} />
}

/** A link to a document that is not listed: it may be called otherwise by now, or the server says what became of it. */
function Elsewhere({ name, open }: { name: string; open: (doc: string) => void }) {
  const [problem, setProblem] = useState<unknown>(null)
  useEffect(() => {
    call<{ name: string }>('GET', `${api}/documents/${addressOf(name)}`).then(
      (found) => (found.name === name ? setProblem(new Error(`${name} was archived.`)) : open(found.name)),
      (error: unknown) => setProblem(error instanceof Denied ? new Error(`There is no document ${name}.`) : error),
    )
  }, [name])
  return problem ? <NotOpened problem={problem} /> : <main class="stop"><p class="faint">Opening…</p></main>
}

function EmptyWorkspace({ reload, open }: { reload: () => Promise<void>; open: (doc: string) => void }) {
  const make = () => call('PUT', `${api}/documents/plan`, { kind: 'text' }).then(reload).then(() => open('plan'))
  return (
    <main class="stop">
      <h1>Nothing here yet</h1>
      <button class="primary" onClick={make}>Create a text document</button>
    </main>
  )
}
