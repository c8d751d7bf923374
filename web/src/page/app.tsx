/** What is shown before there is a document: the link is read, the workspace is opened, one of its documents is chosen. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { addressOf } from '../client/names'
import { Tab } from '../session/tab'
import { Session } from '../session/workspace_session'
import { documentIn, documentToOpen, linkTo } from './address'
import { keyOf } from './base'
import { colourOf, setColours } from './colours'
import { Denied, isUnreachable } from './http'
import { AGAIN_MS, lazily } from './lazily'
import type { Member } from './members'
import { asListed, documentNamed, documentOfId, type OpenDocument } from './open_document'
import { keepOffline, offlineCopy, type Answers } from './offline_copy'
import { api, call, followLink, invitation, protocols, socketUrl, takeToken, token, ws, type Me, type Workspace } from './session'
import { SignIn } from './sign_in'
import { ofBrowser } from './stores'
import { tabStore, tabSurroundings } from './tab_surroundings'
import { WorkspacePage } from './workspace_page'

const Invited = lazily('the invitation', () => import('./invited').then((module) => module.Invited))

export function App() {
  return invitation ? <Invited invitation={invitation} /> : <Opened />
}

/** What the server has said of this person and this workspace; what it said last where it cannot be reached. */
async function askServer(): Promise<Answers> {
  try {
    const [me, workspace, members] = await Promise.all([call<Me>('GET', `/api/me?ws=${ws}`), call<Workspace>('GET', api), call<Member[]>('GET', `${api}/members`)])
    keepOffline(ofBrowser, ws, token, { me, workspace, members })
    return { me, workspace, members }
  } catch (error) {
    const kept = isUnreachable(error) ? offlineCopy(ofBrowser, ws, token) : null
    if (!kept) throw error
    return kept
  }
}

function Opened() {
  const [me, setMe] = useState<Me | null>(null)
  const [workspace, setWorkspace] = useState<Workspace | null>(null)
  const [session, setSession] = useState<Session | null>(null)
  const [problem, setProblem] = useState<unknown>(null)
  const begun = useRef<Promise<Session> | null>(null)
  const load = () =>
    askServer().then(
      ({ me: who, workspace: where, members }) => {
        setColours(members.map(({ actor, colour }) => [actor, colour]))
        setMe(who)
        setWorkspace(where)
        document.title = `${where.name} · Folkmoot`
        begun.current ??= begin(who, where)
        return begun.current.then(setSession)
      },
      (error: unknown) => {
        setProblem(error)
        // Who has nothing open yet need not ask: the page opens as soon as the server answers.
        if (!begun.current && isUnreachable(error)) setTimeout(load, AGAIN_MS)
      },
    )
  const linked = useRef<(next: string) => void>(() => location.reload())
  useEffect(() => {
    followLink((next) => linked.current(next))
    void load()
  }, [])
  useEffect(() => {
    if (!session || !me) return
    let newest = ''
    // Another person's link: what this one has written stays here, and is theirs alone. So nothing is said with a token
    // before the server has said whose it is.
    const ask = (next: string) => void call<Me>('GET', `/api/me?ws=${ws}`, undefined, next).then(
      ({ actor }) => {
        if (next !== newest) return
        if (actor !== me.actor) return location.reload()
        takeToken(next)
        session.renew()
      },
      (error: unknown) => {
        if (next !== newest) return
        if (isUnreachable(error)) setTimeout(() => ask(next), AGAIN_MS)
        else takeToken(token)
      },
    )
    linked.current = (next) => ask((newest = next))
    addEventListener('beforeunload', (event) => {
      if (session.hasUnsaved) event.preventDefault()
    })
    // Whoever opened the page without the server hears of the server's state when it is there.
    let wasOnline = session.room.online
    return session.room.subscribe(() => {
      if (session.room.welcomed && !wasOnline) void load()
      wasOnline = session.room.welcomed
    })
  }, [session])
  // Who has a document open keeps it, whatever a later question is answered: what was typed may be nowhere else.
  if (problem && !workspace) return <NotOpened problem={problem} />
  if (!me || !workspace || !session) return <main class="stop"><p class="faint">Opening…</p></main>
  return <OpenWorkspace session={session} me={me} workspace={workspace} reload={load} />
}

/** Begin to speak with a workspace, and take over what pages of this person's have left that are gone. */
async function begin(me: Me, workspace: Workspace): Promise<Session> {
  const tab = await Tab.claim(tabStore(), tabSurroundings())
  const colour = colourOf(me.actor)
  const session = new Session({
    place: keyOf(ws), actor: me.actor, seq: workspace.seq, ids: workspace.ids, cupboard: ofBrowser, tab, socketUrl, protocols,
    user: () => ({ name: me.actor, color: colour, colorLight: `${colour}33` }),
    role: () => me.role, host: window, isVisible: () => document.visibilityState === 'visible', now: Date.now,
  })
  void session.takeOver((id) => documentOfId(id, workspace))
  return session
}

function NotOpened({ problem }: { problem: unknown }) {
  const denied = problem instanceof Denied
  return (
    <main class="stop" data-testid="not-opened">
      <h1>{denied ? 'This workspace needs a link' : 'The server does not answer'}</h1>
      <p>
        {denied
          ? 'Open the link that the server printed, or ask the workspace’s owner for one. It ends in #token=…'
          : `${problem instanceof Error ? problem.message : String(problem)}${isUnreachable(problem) ? '. The page opens as soon as it does.' : ''}`}
      </p>
      {denied && <SignIn words={(name) => `Sign in with ${name}`} />}
      <button class="primary" onClick={() => location.reload()}>Try again</button>
    </main>
  )
}

function OpenWorkspace({ session, me, workspace, reload }: { session: Session; me: Me; workspace: Workspace; reload: () => Promise<void> }) {
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
  if (now) return <WorkspacePage session={session} me={me} workspace={workspace} since={since} opened={now} open={open} reload={reload} />
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
