/** A workspace on the page: one of its documents open, with its provider and room, and the rail beside it. */
import { useEffect, useLayoutEffect, useState } from 'preact/hooks'
import { mayEdit } from '../client/here'
import { Draft } from '../documents/draft'
import type { TextSelection } from '../documents/editor'
import { Activity } from '../panels/activity'
import { isOver, type Aim } from '../panels/aim'
import { Board } from '../panels/board'
import { Composer } from '../panels/composer'
import { Cost } from '../panels/cost'
import { Unread } from '../panels/unread'
import type { Session } from '../session/workspace_session'
import { documentInstead } from './address'
import { Connection } from './connection'
import { isClosed } from './connection_state'
import { DocumentMenu } from './document_menu'
import { Ended } from './ended'
import { lazily } from './lazily'
import { NewDocument } from './new_document'
import { examplesFor } from './new_documents'
import { isListedOtherwise, type OpenDocument } from './open_document'
import { People } from './people'
import { PeopleMenu } from './people_menu'
import { RightsNote } from './rights_note'
import type { Me, Workspace } from './session'
import { StopAgent, Stopped } from './stops'
import { Theme } from './theme'

const Editor = lazily('the editor', () => import('../documents/editor').then((module) => module.Editor))
const PutAway = lazily('what became of this document', () => import('./put_away').then((module) => module.PutAway))
const QuestionCard = lazily('the question', () => import('../panels/question_card').then((module) => module.QuestionCard))
const SetAside = lazily('what was not taken', () => import('./set_aside').then((module) => module.SetAside))
const Values = lazily('the table', () => import('../documents/values').then((module) => module.Values))

interface WorkspaceProps { session: Session; me: Me; workspace: Workspace; since: number; opened: OpenDocument; open: (doc: string) => void; reload: () => Promise<void> }

export function WorkspacePage(props: WorkspaceProps) {
  const { session, me, workspace, opened } = props
  const { id, name: doc, kind } = opened
  const { room } = session
  const [, redraw] = useState(0)
  useEffect(() => room.subscribe(() => redraw((count) => count + 1)), [room])
  // Showing it is what opens it; it stays alive behind the next one.
  const [shown, setShown] = useState<string | null>(null)
  useLayoutEffect(() => {
    session.open(opened)
    setShown(id)
  }, [id])
  const [selection, setSelection] = useState<TextSelection | null>(null)
  useEffect(() => setSelection(null), [id])
  const [aim, setAim] = useState<Aim | null>(null)
  useEffect(() => {
    if (isListedOtherwise(room.documents, workspace.documents)) props.reload()
  }, [room.changes])
  useEffect(() => {
    if (!Object.keys(workspace.documents).some((name) => room.archived.has(name))) return
    if (room.archived.has(doc)) props.open(documentInstead(doc, workspace.documents, room.archived))
    props.reload()
  }, [room.archived.size])
  useEffect(() => {
    if (room.away) props.reload()
  }, [room.away !== null])
  const live = session.documents.all.at(-1)
  if (shown !== id || !live) return null
  const { link, provider } = live
  const replica = `${id}/${live.replica}`
  // Another role than that with which the page was opened is told on the socket.
  const role = room.welcomed ? room.role : me.role
  const readOnly = !mayEdit(link.welcomed ? room.here.role : role) || room.away !== null || isClosed(room.ended, link.ended)
  const drafts = [...room.drafts.values()].filter((draft) => draft.doc === id)
  return (
    <div class={`desk${room.stops.length ? ' is-stopped' : ''}${room.away ? ' is-away' : ''}`}>
      <header class="top">
        <span class="brand" title="Folkmoot">◐</span>
        <h1>{workspace.name}</h1>
        <nav aria-label="Documents">
          {Object.keys(workspace.documents).filter((name) => !room.archived.has(name) && !(room.away && workspace.ids[name] === id)).sort().map((name) => (
            <button key={name} class="tab" data-testid="doc-tab" aria-current={name === doc ? 'page' : undefined} onClick={() => props.open(name)}>
              {name}
            </button>
          ))}
          {room.away && <span class="tab gone" data-testid="gone-tab" aria-current="page">{doc}</span>}
          <DocumentMenu room={room} opened={opened} reload={props.reload} />
          {mayEdit(role) && <NewDocument {...props} />}
        </nav>
        <People provider={provider} room={room} />
        <PeopleMenu me={{ ...me, role }} reload={props.reload} />
        <StopAgent room={room} />
        <Connection room={room} live={live} />
        <Theme />
      </header>
      <Stopped room={room} />
      <Ended session={session} />
      {room.away && <PutAway {...props} room={room} provider={provider} away={room.away} />}
      <main class="paper">
        <RightsNote room={room} />
        {kind === 'text' ? (
          <Editor key={replica} provider={provider} readOnly={readOnly} actor={me.actor} onSelect={setSelection} />
        ) : kind === 'data' ? (
          <Values key={replica} provider={provider} readOnly={readOnly} />
        ) : (
          <p class="faint pad">Rich documents are synced here for Tiptap and ProseMirror clients; this page does not show them yet.</p>
        )}
        {drafts.map((draft) => (
          <Draft key={draft.intents.join() + draft.doc} room={room} draft={draft} onAim={setAim} />
        ))}
      </main>
      <aside class="rail">
        {!room.away && <Composer
          session={session}
          planner={me.planner}
          text={kind === 'text' ? provider.doc.getText('content') : null}
          selection={selection}
          examples={examplesFor(kind, doc)}
          aim={aim && isOver(aim, room.intents) ? null : aim}
          onAimed={() => setAim(null)}
        />}
        {session.aside.edits.length > 0 && <SetAside aside={session.aside} changed={() => room.changed()} />}
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
