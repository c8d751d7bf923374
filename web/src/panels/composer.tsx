/** Where an instruction is written. The stamp is read at its first keystroke, the scope is what is selected then. */
import { useEffect, useRef } from 'preact/hooks'
import type * as Y from 'yjs'
import type { TextSelection } from '../documents/editor'
import type { Session } from '../session/workspace_session'
import { aimWords, type Aim } from './aim'
import { isBuiltin, mayInstruct, placeholderFor, plannerWords, scopeLabel, unseenWords } from './composer_words'
import { begins, cleared, currentScope, leftOut, namedDocuments, pointedAt, widened, withWords, type Composition } from './composition'

interface ComposerProps {
  session: Session
  planner: string | null
  text: Y.Text | null
  selection: TextSelection | null
  examples: string[]
  aim: Aim | null
  onAimed: () => void
}

export function Composer({ session, planner, text, selection, examples, aim, onAimed }: ComposerProps) {
  const { room, composition } = session
  const setComposition = (next: Composition) => session.write(next)
  const box = useRef<HTMLTextAreaElement>(null)
  const { words } = composition
  const current = currentScope(composition, room.doc, text && selection && (() => room.range(text, selection.from, selection.to)))
  const named = namedDocuments(composition, current, room.documents)
  const pointed = pointedAt(current, named)
  const unseen = room.unseen().filter((one) => one.id !== aim?.intent.id)
  useEffect(() => {
    if (!aim) return
    box.current?.focus()
    if (words) room.vouch(aim.kind, aim.intent.id)
  }, [aim])
  const isOpen = mayInstruct(room.here.role)

  const type = (next: string) => {
    if (begins(composition, next)) {
      room.compose([current])
      if (aim) room.vouch(aim.kind, aim.intent.id)
    }
    if (!next) room.discard()
    setComposition(withWords(composition, next, current))
  }
  const send = () => {
    if (!words.trim()) return
    if (aim) room[aim.kind](aim.intent.id, words.trim(), pointed)
    else room.intent(words.trim(), { scope: pointed })
    onAimed()
    setComposition(cleared(composition))
    box.current?.focus()
  }
  const came = unseenWords(unseen)
  return (
    <section class="composer">
      <div class="composer-box">
        <textarea
          ref={box}
          data-testid="composer"
          rows={3}
          dir="auto"
          value={words}
          disabled={!isOpen}
          aria-label="Instruct the agent"
          placeholder={placeholderFor(room.here.role, aim)}
          onInput={(event) => type(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
              event.preventDefault()
              send()
            }
          }}
        />
        <div class="composer-foot">
          <span class="chip" data-testid="scope-chip" title="Where the instruction points">
            {scopeLabel(current)}
            {current.from && (
              <button class="ghost small" aria-label="Point at the whole document" onClick={() => setComposition(widened(composition, room.doc))}>×</button>
            )}
          </span>
          {named.map((name) => (
            <span key={name} class="chip" data-testid="named-chip" title="Named in your words: the agent may write there, too">
              {name}
              <button class="ghost small" aria-label={`Do not point at ${name}`} onClick={() => setComposition(leftOut(composition, name))}>×</button>
            </span>
          ))}
          {aim && (
            <span class="chip steering" data-testid={`${aim.kind}-chip`} title={aim.intent.text}>
              {aimWords(aim, room.actor)}
              <button class="ghost small" aria-label="Make it an instruction of its own" onClick={onAimed}>×</button>
            </span>
          )}
          {room.lane.composing !== null && (
            <span class="faint" title="What was on your screen when you began to write: the instruction is stamped with it">
              seen up to {room.lane.composing}
            </span>
          )}
          <button class="primary right" data-testid="send" disabled={!words.trim() || !isOpen} onClick={send} title="Ctrl or ⌘ + Enter">
            Ask
          </button>
        </div>
      </div>
      {unseen.length > 0 && (
        <div class="notice" data-testid="unseen">
          <p>
            {came.lead} <i>{came.texts}</i>
          </p>
          <button onClick={() => room.acknowledge()}>{came.seen}</button>
        </div>
      )}
      {!words && room.intents.size === 0 && isOpen && (
        <div class="examples">
          <p class="faint" data-testid="planner">{plannerWords(planner)}</p>
          {isBuiltin(planner) && examples.map((example) => (
            <button key={example} class="example" onClick={() => type(example)}>
              {example}
            </button>
          ))}
        </div>
      )}
    </section>
  )
}
