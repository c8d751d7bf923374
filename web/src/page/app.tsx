/** What is shown before there is a document: the link is read, the workspace is opened, one of its documents is chosen. */
import { useEffect, useState } from 'preact/hooks'
import { documentIn, documentToOpen, linkTo } from './address'
import { Denied } from './http'
import { api, call, ws, type Me, type Workspace } from './session'
import { WorkspacePage } from './workspace_page'

export function App() {
  const [me, setMe] = useState<Me | null>(null)
  const [workspace, setWorkspace] = useState<Workspace | null>(null)
  const [problem, setProblem] = useState<unknown>(null)
  const load = () =>
    Promise.all([call<Me>('GET', `/api/me?ws=${ws}`), call<Workspace>('GET', api)]).then(
      ([who, where]) => {
        setMe(who)
        setWorkspace(where)
        document.title = `${where.name} · Folkmoot`
      },
      (error: unknown) => setProblem(error),
    )
  useEffect(() => void load(), [])
  if (problem) return <NotOpened problem={problem} />
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
      <button class="primary" onClick={() => location.reload()}>Try again</button>
    </main>
  )
}

function OpenWorkspace({ me, workspace, reload }: { me: Me; workspace: Workspace; reload: () => Promise<void> }) {
  const { documents } = workspace
  const [doc, setDoc] = useState(() => documentToOpen(location.search, documents))
  useEffect(() => {
    const back = () => setDoc(documentToOpen(location.search, documents))
    addEventListener('popstate', back)
    return () => removeEventListener('popstate', back)
  }, [workspace])
  const open = (next: string) => {
    if (next !== documentIn(location.search, documents)) history.pushState(null, '', linkTo(next, location.pathname, location.search))
    setDoc(next)
  }
  const [since] = useState(workspace.seq)
  if (!doc || !(doc in documents))
    return Object.keys(documents).length ? <NotOpened problem={new Error(`There is no document ${doc}.`)} /> : <EmptyWorkspace reload={reload} open={open} />
  return <WorkspacePage key={doc} me={me} workspace={workspace} since={since} doc={doc} open={open} reload={reload} />
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
