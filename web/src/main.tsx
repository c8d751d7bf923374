/** Wiring: the workspace's documents, one open at a time with its provider and room, and the rail beside it. */
import { render } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { Activity } from './activity'
import { Board } from './board'
import { Composer, type Aim } from './composer'
import { QuestionCard } from './conflict'
import { Cost } from './cost'
import { Editor, type Selection } from './editor'
import { addressOf, problemOf } from './names'
import { People } from './people'
import { attach, type Room } from './room'
import { Denied, api, call, colourOf, socketUrl, token, ws, type Me, type Workspace } from './session'
import { StopAgent, Stopped } from './stops'
import './style.css'
import type { DraftView } from './told'
import { Unread } from './unread'
import { Values } from './values'

const HISTORY = 2000
const FINAL = 4400

const EXAMPLES = {
  text: ['append "A new line" to DOC', 'make section 2 title case', 'replace "three" with "four" after 5 seconds'],
  data: ['set DOC.food to 350', 'set DOC.ship_date to 2027-04-01', 'set DOC.helpers to ["Dee"]'],
  rich: ['ask "What shall this say?"'],
}

function App() {
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
  if (problem) return <Stop problem={problem} />
  if (!me || !workspace) return <main class="stop"><p class="faint">Opening…</p></main>
  return <Open me={me} workspace={workspace} reload={load} />
}

function Stop({ problem }: { problem: unknown }) {
  const denied = problem instanceof Denied
  return (
    <main class="stop">
      <h1>{denied ? 'This workspace needs a link' : 'The server does not answer'}</h1>
      <p>
        {denied
          ? 'Open the link that the server printed, or ask the workspace’s owner for one. It ends in #token=…'
          : String((problem as Error).message ?? problem)}
      </p>
      <button class="primary" onClick={() => location.reload()}>Try again</button>
    </main>
  )
}

function Open({ me, workspace, reload }: { me: Me; workspace: Workspace; reload: () => Promise<void> }) {
  const names = Object.keys(workspace.documents).sort()
  const addressed = () => inAddress(workspace) ?? names.find((name) => workspace.documents[name] === 'text') ?? names[0] ?? ''
  const [doc, setDoc] = useState(addressed)
  useEffect(() => {
    const back = () => setDoc(addressed())
    addEventListener('popstate', back)
    return () => removeEventListener('popstate', back)
  }, [workspace])
  const open = (next: string) => {
    if (next !== inAddress(workspace)) history.pushState(null, '', linkTo(next))
    setDoc(next)
  }
  const [since] = useState(workspace.seq)
  if (!doc || !(doc in workspace.documents))
    return names.length ? <Stop problem={new Error(`There is no document ${doc}.`)} /> : <Empty reload={reload} open={open} />
  return <Desk key={doc} me={me} workspace={workspace} since={since} doc={doc} open={open} reload={reload} />
}

/** The document that the address names, in the form in which it is known; null where it names none. */
function inAddress(workspace: Workspace): string | null {
  const name = new URLSearchParams(location.search).get('doc')
  return name === null || name in workspace.documents ? name : name.normalize('NFC')
}

function linkTo(doc: string): string {
  const search = new URLSearchParams(location.search)
  if (doc) search.set('doc', doc)
  else search.delete('doc')
  return `${location.pathname}${search.size ? `?${search}` : ''}`
}

function Empty({ reload, open }: { reload: () => Promise<void>; open: (doc: string) => void }) {
  const make = () => call('PUT', `${api}/documents/plan`, { kind: 'text' }).then(reload).then(() => open('plan'))
  return (
    <main class="stop">
      <h1>Nothing here yet</h1>
      <button class="primary" onClick={make}>Create a text document</button>
    </main>
  )
}

interface Line { provider: WebsocketProvider; room: Room }

function useLine(doc: string, workspace: Workspace, me: Me): Line {
  const line = useMemo(() => {
    const provider = new WebsocketProvider(socketUrl, addressOf(doc), new Y.Doc(), {
      protocols: token ? ['folkmoot', `token.${token}`] : ['folkmoot'],
      disableBc: true,
      connect: false,
    })
    const colour = colourOf(me.actor)
    provider.awareness.setLocalStateField('user', { name: me.actor, color: colour, colorLight: `${colour}33` })
    const room = attach(provider, { doc, store: sessionStorage, key: `folkmoot:${ws}:lane`, from: Math.max(0, workspace.seq - HISTORY) })
    room.inbox.isWatched = () => document.visibilityState === 'visible'
    for (const name of Object.keys(workspace.documents)) room.documents.add(name)
    return { provider, room }
  }, [doc])
  useEffect(() => {
    line.provider.connect()
    return () => line.provider.destroy()
  }, [line])
  return line
}

function Desk(props: { me: Me; workspace: Workspace; since: number; doc: string; open: (doc: string) => void; reload: () => Promise<void> }) {
  const { me, workspace, doc } = props
  const { provider, room } = useLine(doc, workspace, me)
  const [, redraw] = useState(0)
  const [selection, setSelection] = useState<Selection | null>(null)
  const [closed, setClosed] = useState('')
  const [aim, setAim] = useState<Aim | null>(null)
  useEffect(() => room.subscribe(() => redraw((count) => count + 1)), [room])
  useEffect(() => {
    const onClose = (event: CloseEvent | null) => {
      if (event && event.code >= FINAL && event.code < FINAL + 100) setClosed(event.reason || `closed (${event.code})`)
    }
    provider.on('connection-close', onClose)
    return () => provider.off('connection-close', onClose)
  }, [provider])
  useEffect(() => {
    if ([...room.documents].some((name) => !(name in workspace.documents))) props.reload()
  }, [room.documents.size])
  useEffect(() => {
    const names = Object.keys(workspace.documents).sort()
    if (!names.some((name) => room.archived.has(name))) return
    // Who looks at a variant that was not picked is taken to what it was a variant of.
    const left = names.filter((name) => !room.archived.has(name))
    if (room.archived.has(doc)) props.open(left.find((name) => name === doc.replace(/\.i\d+$/, '')) ?? left[0] ?? '')
    props.reload()
  }, [room.archived.size])
  const kind = workspace.documents[doc]!
  const readOnly = me.role !== 'owner' && me.role !== 'editor'
  const drafts = [...room.drafts.values()].filter((draft) => draft.doc === doc)
  return (
    <div class={room.stops.length ? 'desk is-stopped' : 'desk'}>
      <header class="top">
        <span class="brand" title="Folkmoot">◐</span>
        <h1>{workspace.name}</h1>
        <nav aria-label="Documents">
          {Object.keys(workspace.documents).filter((name) => !room.archived.has(name)).sort().map((name) => (
            <button key={name} class="tab" data-testid="doc-tab" aria-current={name === doc ? 'page' : undefined} onClick={() => props.open(name)}>
              {name}
            </button>
          ))}
          {!readOnly && <NewDocument {...props} />}
        </nav>
        <People provider={provider} room={room} />
        <StopAgent room={room} />
        <Connection room={room} closed={closed} />
        <Theme />
      </header>
      <Stopped room={room} />
      <main class="paper">
        {kind === 'text' ? (
          <Editor provider={provider} readOnly={readOnly} onSelect={setSelection} />
        ) : kind === 'data' ? (
          <Values provider={provider} readOnly={readOnly} />
        ) : (
          <p class="faint pad">Rich documents are synced here for Tiptap and ProseMirror clients; this page does not show them yet.</p>
        )}
        {drafts.map((draft) => (
          <Draft key={draft.intents.join() + draft.doc} room={room} draft={draft} onAim={setAim} />
        ))}
      </main>
      <aside class="rail">
        <Composer
          room={room}
          planner={me.planner}
          text={kind === 'text' ? provider.doc.getText('content') : null}
          selection={selection}
          examples={EXAMPLES[kind].map((example) => example.replace('DOC', () => doc))}
          aim={aim?.kind === 'steer' && room.intents.get(aim.intent.id)?.verdict ? null : aim}
          onAimed={() => setAim(null)}
        />
        {[...room.questions.values()].map((question) => (
          <QuestionCard key={question.id} room={room} question={question} />
        ))}
        <Unread room={room} since={props.since} onAim={setAim} />
        <Board room={room} onAim={setAim} />
        <Cost room={room} />
        <Activity room={room} />
      </aside>
    </div>
  )
}

/** What the agent is writing: beside the document, never in it, with the way to stop it or to change its course. */
function Draft({ room, draft, onAim }: { room: Room; draft: DraftView; onAim: (aim: Aim) => void }) {
  const words = useRef<HTMLPreElement>(null)
  useEffect(() => {
    if (words.current) words.current.scrollTop = words.current.scrollHeight
  }, [draft.text])
  const intent = room.intents.get(draft.intents[0] ?? '')
  const step = room.steps.get(intent?.id ?? '')?.at(-1)
  return (
    <aside class="draft" data-testid="draft">
      <header>
        <span class="faint">✦ The agent is writing for {intent?.actor === room.actor ? 'you' : (intent?.actor ?? draft.intents[0])}{step ? ` · ${step}` : ''}</span>
        {intent && room.mayStop(intent) && (
          <button class="small" data-testid="stop-draft" onClick={() => room.cancel(intent.id)}>Stop</button>
        )}
        {intent && room.role !== 'viewer' && <button class="small" onClick={() => onAim({ kind: 'steer', intent })}>Add to it</button>}
      </header>
      <pre ref={words}>{draft.text}</pre>
    </aside>
  )
}

function Connection({ room, closed }: { room: Room; closed: string }) {
  const [word, tone] = closed
    ? [closed, 'bad']
    : !room.online
      ? ['offline: your edits and instructions wait here', 'bad']
      : !room.welcomed
        ? ['connecting…', 'busy']
        : room.unsaved
          ? ['saving…', 'busy']
          : ['saved', 'good']
  return (
    <span class={`connection ${tone}`} data-testid="connection" role="status">
      <i class="dot" /> {word}
    </span>
  )
}

function NewDocument({ open, reload }: { open: (doc: string) => void; reload: () => Promise<void> }) {
  const make = async () => {
    const name = prompt('Name of the new text document (end it with ".data" for values)')?.trim()
    if (!name) return
    const data = name.endsWith('.data')
    const wanted = data ? name.slice(0, -5) : name
    const problem = problemOf(wanted)
    if (problem) return alert(problem)
    try {
      const made = await call<{ name: string }>('PUT', `${api}/documents/${addressOf(wanted)}`, { kind: data ? 'data' : 'text' })
      await reload()
      open(made.name)
    } catch (error) {
      alert((error as Error).message)
    }
  }
  return <button class="tab ghost" title="New document" aria-label="New document" onClick={make}>+</button>
}

function Theme() {
  const [theme, setTheme] = useState(localStorage.getItem('folkmoot:theme') ?? '')
  useEffect(() => {
    document.documentElement.dataset.theme = theme
    localStorage.setItem('folkmoot:theme', theme)
  }, [theme])
  const dark = theme ? theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches
  return (
    <button class="ghost" aria-label={dark ? 'Light colours' : 'Dark colours'} title="Light or dark" onClick={() => setTheme(dark ? 'light' : 'dark')}>
      {dark ? '☀' : '☾'}
    </button>
  )
}

render(<App />, document.getElementById('app')!)
