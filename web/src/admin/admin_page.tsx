/** The whole server for whoever runs it: what it is, its switch, its workspaces, every token and session. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { base } from '../page/base'
import { Denied, NotDone, readAnswer, requestOf } from '../page/http'
import { Theme } from '../page/theme'
import { addressOfPage, readRows, ROWS_AT_ONCE, type KeyRow, type PageOf, type ServerCard, type WorkspaceRow } from './answers'
import { KeyTable } from './key_table'
import { forgetOperatorKey, handOver, keepOperatorKey } from './operator_key'
import { ServerSwitch } from './server_switch'
import { ServerSummary } from './server_summary'
import { endQuestion } from './words'
import { WorkspaceTable } from './workspace_table'

const LOOK_MS = 5_000
const TYPING_MS = 300

/** The page, or the question for the token without which it shows nothing. */
export function AdminPage({ first }: { first: string }) {
  const [token, setToken] = useState(first)
  const [problem, setProblem] = useState('')
  const leave = (why: string) => {
    forgetOperatorKey(sessionStorage)
    setToken('')
    setProblem(why)
  }
  if (!token) return <AskKey problem={problem} take={(given) => setToken(keepOperatorKey(given, sessionStorage))} />
  return <WholeServer key={token} token={token} leave={leave} />
}

function AskKey({ problem, take }: { problem: string; take: (given: string) => void }) {
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => field.current?.focus(), [])
  return (
    <main class="stop invited ask-key">
      <h1>The whole server</h1>
      {problem && <p role="alert" class="refused">{problem}</p>}
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (field.current?.value.trim()) take(field.current.value)
        }}
      >
        <label>
          An owner’s token of the whole server
          <input ref={field} data-testid="operator-key" type="password" autocomplete="off" spellcheck={false} placeholder="fm_… or the owner’s link" />
        </label>
        <button class="primary">Open</button>
      </form>
      <p class="faint">
        The server’s first start prints it, as the owner’s link. Another is made at the server’s machine: <code>folkmoot admin token</code>. It is kept in this tab alone.
      </p>
    </main>
  )
}

interface Told { server: ServerCard; workspaces: PageOf<WorkspaceRow>; keys: PageOf<KeyRow>; at: number }

function WholeServer({ token, leave }: { token: string; leave: (why: string) => void }) {
  const [shown, setShown] = useState<Told | null>(null)
  const [problem, setProblem] = useState('')
  const [refusal, setRefusal] = useState('')
  const [said, setSaid] = useState('')
  const [finds, setFinds] = useState({ workspaces: '', sessions: '' })
  const [wanted, setWanted] = useState({ workspaces: ROWS_AT_ONCE, sessions: ROWS_AT_ONCE })
  const asked = useRef(0)
  const ask = async <T,>(method: string, path: string, body?: unknown) => readAnswer<T>(await fetch(base + path, requestOf(method, token, body)))

  const look = async () => {
    const mine = ++asked.current
    try {
      const [{ server }, workspaces, keys] = await Promise.all([
        ask<{ server: ServerCard }>('GET', '/api/admin?limit=1'),
        readRows(wanted.workspaces, (from) => ask<PageOf<WorkspaceRow>>('GET', addressOfPage('workspaces', finds.workspaces, from))),
        readRows(wanted.sessions, (from) => ask<PageOf<KeyRow>>('GET', addressOfPage('sessions', finds.sessions, from))),
      ])
      // What was asked for later is the newer.
      if (mine !== asked.current) return
      setShown({ server, workspaces, keys, at: Date.now() })
      setProblem('')
    } catch (error) {
      if (mine !== asked.current) return
      if (error instanceof Denied || error instanceof NotDone) leave(`${error.message} ${error instanceof NotDone ? error.remedy : ''}`.trim())
      else setProblem('The server does not answer. Trying again every few seconds.')
    }
  }
  useEffect(() => {
    const soon = setTimeout(() => void look(), shown ? TYPING_MS : 0)
    const again = setInterval(() => document.hidden || void look(), LOOK_MS)
    return () => {
      clearTimeout(soon)
      clearInterval(again)
    }
  }, [finds, wanted])

  const act = async (doing: Promise<unknown>, done: string) => {
    setRefusal('')
    setSaid('')
    try {
      await doing
      setSaid(done)
    } catch (error) {
      setRefusal(error instanceof NotDone ? `${error.message} ${error.remedy}`.trim() : (error as Error).message)
    }
    await look()
  }
  const end = (key: KeyRow) => {
    if (confirm(endQuestion(key))) void act(ask('DELETE', `/api/admin/sessions/${key.id}`), `The ${key.kind} of ${key.who} has ended.`)
  }
  return (
    <div class="admin">
      <header class="top">
        <span class="brand" aria-hidden="true">◐</span>
        <h1>Server</h1>
        <span class="faint" data-testid="fresh">{shown && (problem ? 'Not up to date' : 'Up to date')}</span>
        <span class="right" />
        <Theme />
        <button data-testid="sign-out" onClick={() => leave('')}>Sign out</button>
      </header>
      <main>
        {problem && <p role="alert" class="refused" data-testid="away">{problem}</p>}
        {refusal && <p role="alert" class="refused" data-testid="refusal">{refusal}</p>}
        <p role="status" class={said ? 'said' : 'unseen'}>{said}</p>
        {!shown ? (
          !problem && <p class="faint" data-testid="loading">Looking at the server…</p>
        ) : (
          <>
            <ServerSwitch
              server={shown.server}
              stop={(reason) => act(ask('PUT', '/api/stop', { reason }), 'The agent is stopped on the whole server.')}
              goOn={() => act(ask('DELETE', '/api/stop'), 'The agent goes on.')}
            />
            <ServerSummary server={shown.server} now={shown.at} />
            <WorkspaceTable
              page={shown.workspaces}
              now={shown.at}
              find={finds.workspaces}
              onFind={(workspaces) => setFinds({ ...finds, workspaces })}
              more={() => setWanted({ ...wanted, workspaces: wanted.workspaces + ROWS_AT_ONCE })}
              open={(ws) => handOver(ws, token, sessionStorage)}
            />
            <KeyTable
              page={shown.keys}
              now={shown.at}
              find={finds.sessions}
              onFind={(sessions) => setFinds({ ...finds, sessions })}
              more={() => setWanted({ ...wanted, sessions: wanted.sessions + ROWS_AT_ONCE })}
              end={end}
            />
          </>
        )}
      </main>
    </div>
  )
}
