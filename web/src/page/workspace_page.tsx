/** A workspace on the page: one of its documents open, with its provider and room, and the rail beside it. */
import { useEffect, useMemo, useState } from 'preact/hooks'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { addressOf } from '../client/names'
import { attach, type Room } from '../client/room'
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
import { NewDocument } from './new_document'
import { examplesFor } from './new_documents'
import { People } from './people'
import { socketUrl, token, ws, type Me, type Workspace } from './session'
import { StopAgent, Stopped } from './stops'
import { Theme } from './theme'

/** How many records of the log a page is told when it opens. */
const HISTORY = 2000

/** What a page holds of one document: its connection, and the room that speaks on it. */
interface Attachment { provider: WebsocketProvider; room: Room }

function useAttachment(doc: string, workspace: Workspace, me: Me): Attachment {
  const attachment = useMemo(() => {
    const provider = new WebsocketProvider(socketUrl, addressOf(doc), new Y.Doc(), {
      protocols: token ? ['folkmoot', `token.${token}`] : ['folkmoot'],
      disableBc: true,
      connect: false,
    })
    const colour = colourOf(me.actor)
    provider.awareness.setLocalStateField('user', { name: me.actor, color: colour, colorLight: `${colour}33` })
    const room = attach(provider, { doc, store: sessionStorage, key: laneKey(ws), from: Math.max(0, workspace.seq - HISTORY) })
    room.inbox.isWatched = () => document.visibilityState === 'visible'
    for (const name of Object.keys(workspace.documents)) room.documents.add(name)
    return { provider, room }
  }, [doc])
  useEffect(() => {
    attachment.provider.connect()
    return () => attachment.provider.destroy()
  }, [attachment])
  return attachment
}

interface WorkspaceProps { me: Me; workspace: Workspace; since: number; doc: string; open: (doc: string) => void; reload: () => Promise<void> }

export function WorkspacePage(props: WorkspaceProps) {
  const { me, workspace, doc } = props
  const { provider, room } = useAttachment(doc, workspace, me)
  const [, redraw] = useState(0)
  const [selection, setSelection] = useState<TextSelection | null>(null)
  const [closed, setClosed] = useState('')
  const [aim, setAim] = useState<Aim | null>(null)
  useEffect(() => room.subscribe(() => redraw((count) => count + 1)), [room])
  useEffect(() => {
    const onClose = (event: CloseEvent | null) => {
      const reason = finalReason(event)
      if (reason) setClosed(reason)
    }
    provider.on('connection-close', onClose)
    return () => provider.off('connection-close', onClose)
  }, [provider])
  useEffect(() => {
    if ([...room.documents].some((name) => !(name in workspace.documents))) props.reload()
  }, [room.documents.size])
  useEffect(() => {
    if (!Object.keys(workspace.documents).some((name) => room.archived.has(name))) return
    if (room.archived.has(doc)) props.open(documentInstead(doc, workspace.documents, room.archived))
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
          examples={examplesFor(kind, doc)}
          aim={aim && isOver(aim, room.intents) ? null : aim}
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
