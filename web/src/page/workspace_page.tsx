/** A workspace on the page: one of its documents open, with its provider and room, and the rail beside it. */
import { useEffect, useMemo, useState } from 'preact/hooks'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { addressOf, byId } from '../client/names'
import { mayEdit } from '../client/here'
import { attach, type Room } from '../client/room'
import { followNetwork } from '../client/network'
import { Draft } from '../documents/draft'
import { Editor, type TextSelection } from '../documents/editor'
import { Values } from '../documents/values'
import { Activity } from '../panels/activity'
import { isOver, type Aim } from '../panels/aim'
import { Board } from '../panels/board'
import { Composer } from '../panels/composer'
import { Cost } from '../panels/cost'
import { QuestionCard } from '../panels/question_card'
import { Unread } from '../panels/unread'
import { documentInstead } from './address'
import { colourOf } from './colours'
import { Connection } from './connection'
import { finalReason } from './connection_state'
import { laneKey } from './link'
import { DocumentMenu } from './document_menu'
import { NewDocument } from './new_document'
import { examplesFor } from './new_documents'
import { isListedOtherwise, type OpenDocument } from './open_document'
import { People } from './people'
import { PeopleMenu } from './people_menu'
import { PutAway } from './put_away'
import { RightsNote } from './rights_note'
import { socketUrl, token, ws, type Me, type Workspace } from './session'
import { StopAgent, Stopped } from './stops'
import { Theme } from './theme'

/** How many records of the log a page is told when it opens. */
const HISTORY = 2000

/** What a page holds of one document: its connection, and the room that speaks on it. */
interface Attachment { provider: WebsocketProvider; room: Room }

function useAttachment({ id, name }: OpenDocument, workspace: Workspace, me: Me, replica: number): Attachment {
  const attachment = useMemo(() => {
    // By its id: whatever it is called when this page comes again, it is never another document.
    const provider = new WebsocketProvider(socketUrl, addressOf(byId(id)), new Y.Doc(), {
      protocols: token ? ['folkmoot', `token.${token}`] : ['folkmoot'],
      disableBc: true,
      connect: false,
    })
    const colour = colourOf(me.actor)
    provider.awareness.setLocalStateField('user', { name: me.actor, color: colour, colorLight: `${colour}33` })
    const room = attach(provider, { doc: name, id, store: sessionStorage, key: laneKey(ws), from: Math.max(0, workspace.seq - HISTORY) })
    room.inbox.isWatched = () => document.visibilityState === 'visible'
    for (const [name, its] of Object.entries(workspace.ids)) {
      room.documents.add(name)
      if (its !== name) room.names.set(its, name)
    }
    return { provider, room }
  }, [id, replica])
  useEffect(() => {
    attachment.provider.connect()
    const unfollow = followNetwork(attachment.provider, window)
    return () => {
      unfollow()
      attachment.provider.destroy()
    }
  }, [attachment])
  return attachment
}

interface WorkspaceProps { me: Me; workspace: Workspace; since: number; opened: OpenDocument; open: (doc: string) => void; reload: () => Promise<void> }

export function WorkspacePage(props: WorkspaceProps) {
  const { me, workspace, opened } = props
  const { id, name: doc, kind } = opened
  // A replica in which there is what a rule refused is thrown away: a new one is what everybody has.
  const [replica, setReplica] = useState(0)
  const { provider, room } = useAttachment(opened, workspace, me, replica)
  const [, redraw] = useState(0)
  const [selection, setSelection] = useState<TextSelection | null>(null)
  const [closed, setClosed] = useState('')
  const [aim, setAim] = useState<Aim | null>(null)
  useEffect(() => room.subscribe(() => redraw((count) => count + 1)), [room])
  useEffect(() => {
    const onClose = (event: CloseEvent | null) => {
      const reason = finalReason(event)
      if (reason && !room.away) setClosed(reason)
    }
    provider.on('connection-close', onClose)
    return () => provider.off('connection-close', onClose)
  }, [provider])
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
  useEffect(() => {
    if (room.here.voided) setReplica(replica + 1)
  }, [room.here.voided])
  // Another role than that with which the page was opened is told on the socket.
  const role = room.welcomed ? room.role : me.role
  const readOnly = !mayEdit(room.welcomed ? room.here.role : role) || room.away !== null
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
        <Connection room={room} closed={room.away ? room.away.how : closed} />
        <Theme />
      </header>
      <Stopped room={room} />
      <PutAway {...props} room={room} provider={provider} />
      <main class="paper">
        <RightsNote room={room} />
        {kind === 'text' ? (
          <Editor key={replica} provider={provider} readOnly={readOnly} onSelect={setSelection} />
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
          room={room}
          planner={me.planner}
          text={kind === 'text' ? provider.doc.getText('content') : null}
          selection={selection}
          examples={examplesFor(kind, doc)}
          aim={aim && isOver(aim, room.intents) ? null : aim}
          onAimed={() => setAim(null)}
        />}
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
