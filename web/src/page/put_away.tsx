/** Said where the open document was archived or deleted: who did it, and every way to keep what stands here. */
import { useState } from 'preact/hooks'
import type { WebsocketProvider } from 'y-websocket'
import { addressOf, byId } from '../client/names'
import type { Room } from '../client/room'
import { canonicalRoot } from '../documents/value_forms'
import { awayWords, fileName, keptWords, mayAct } from './away_words'
import { copyName, type OpenDocument } from './open_document'
import { api, call, type Workspace } from './session'

interface PutAwayProps {
  room: Room
  away: NonNullable<Room['away']>
  provider: WebsocketProvider
  opened: OpenDocument
  workspace: Workspace
  open: (doc: string) => void
  reload: () => Promise<void>
}

export function PutAway({ room, away, provider, opened, workspace, open, reload }: PutAwayProps) {
  const [problem, setProblem] = useState('')
  const [copied, setCopied] = useState(false)
  const { name, kind } = opened
  const content = () => (kind === 'data' ? canonicalRoot(provider.doc.getMap('data')) : provider.doc.getText('content').toString())
  const asText = () => (kind === 'data' ? JSON.stringify(content(), null, 2) : String(content()))
  const trying = (work: () => Promise<unknown>) => () => {
    setProblem('')
    work().catch((error: unknown) => setProblem((error as Error).message))
  }
  const keep = async () => {
    const wanted = copyName(name, workspace.documents)
    await call('PUT', `${api}/documents/${addressOf(wanted)}`, { kind, ...(kind !== 'rich' && { content: content() }) })
    await reload()
    open(wanted)
  }
  const restore = async () => {
    await call('PATCH', `${api}/documents/${addressOf(byId(opened.id))}`, { state: 'living' })
    room.comeBack()
    await reload()
  }
  const copy = async () => {
    if (!navigator.clipboard) throw new Error('Browsers copy on secure pages only: download it instead.')
    await navigator.clipboard.writeText(asText())
    setCopied(true)
  }
  const download = () => {
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([asText()], { type: kind === 'data' ? 'application/json' : 'text/markdown' }))
    link.download = fileName(name, kind)
    link.click()
    URL.revokeObjectURL(link.href)
  }
  return (
    <section class="stop-banner away" data-testid="put-away" role="alert">
      <div class="standing">
        <i class="halt" aria-hidden="true" />
        <p>
          <b>{awayWords(name, away, room.actor)}</b> {keptWords(room.unsaved)}
        </p>
      </div>
      <div class="away-acts">
        {kind !== 'rich' && mayAct('rename', room.role) && <button class="small primary" data-testid="keep-copy" onClick={trying(keep)}>Keep as a copy</button>}
        {kind !== 'rich' && <button class="small" onClick={trying(copy)}>{copied ? 'Copied' : 'Copy all of it'}</button>}
        {kind !== 'rich' && <button class="small" data-testid="download-copy" onClick={download}>Download</button>}
        {mayAct('restore', room.role) ? (
          <button class="small" data-testid="restore" onClick={trying(restore)}>Restore it for everybody</button>
        ) : (
          <button class="small" onClick={() => room.comeBack()}>See whether it is back</button>
        )}
        {problem && <p class="bad" role="alert">{problem}</p>}
      </div>
    </section>
  )
}
