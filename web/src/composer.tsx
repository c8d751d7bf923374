/** Where an instruction is written. The stamp is read at its first keystroke, the scope is what is selected then. */
import { useEffect, useRef, useState } from 'preact/hooks'
import type * as Y from 'yjs'
import type { Selection } from './editor'
import { namedIn } from './names'
import type { Room } from './room'
import type { IntentView } from './told'
import type { Scope } from './wire'

/** An instruction that the next one is about: what is asked adds to it, or comes in its place. */
export interface Aim { kind: 'steer' | 'override'; intent: IntentView }

export function Composer(props: { room: Room; planner: string | null; text: Y.Text | null; selection: Selection | null; examples: string[]; aim: Aim | null; onAimed: () => void }) {
  const { room } = props
  const [words, setWords] = useState('')
  const [scope, setScope] = useState<Scope | null>(null)
  const [narrow, setNarrow] = useState(true)
  // Documents that are named and yet not meant.
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  const box = useRef<HTMLTextAreaElement>(null)
  const selected = props.text && props.selection
  const current: Scope =
    scope ?? (selected && narrow ? room.range(props.text!, props.selection!.from, props.selection!.to) : { doc: room.doc })
  const named = namedIn(words, room.documents).filter((name) => name !== current.doc && !left.has(name))
  const pointed: Scope[] = [current, ...named.map((doc) => ({ doc }))]
  const unseen = room.unseen().filter((one) => one.id !== props.aim?.intent.id)
  useEffect(() => {
    if (!props.aim) return
    box.current?.focus()
    if (words) room.vouch(props.aim.kind, props.aim.intent.id)
  }, [props.aim])
  const mayInstruct = room.role === 'owner' || room.role === 'editor' || room.role === 'commenter'

  const type = (next: string) => {
    if (next && !words) {
      setScope(current)
      room.compose([current])
      if (props.aim) room.vouch(props.aim.kind, props.aim.intent.id)
    }
    if (!next) {
      setScope(null)
      setLeft(new Set())
      room.discard()
    }
    setWords(next)
  }
  const send = () => {
    if (!words.trim()) return
    if (props.aim) room[props.aim.kind](props.aim.intent.id, words.trim(), pointed)
    else room.intent(words.trim(), { scope: pointed })
    props.onAimed()
    setWords('')
    setScope(null)
    setLeft(new Set())
    box.current?.focus()
  }
  return (
    <section class="composer">
      <div class="composer-box">
        <textarea
          ref={box}
          data-testid="composer"
          rows={3}
          value={words}
          disabled={!mayInstruct}
          aria-label="Instruct the agent"
          placeholder={!mayInstruct ? 'Your role may read, not instruct.' : props.aim?.kind === 'override' ? 'What shall be done instead?' : 'Ask the agent to change something…'}
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
            {current.from ? `“${(current.quote ?? '').slice(0, 28)}${(current.quote ?? '').length > 28 ? '…' : ''}”` : current.doc}
            {current.from && (
              <button
                class="ghost small"
                aria-label="Point at the whole document"
                onClick={() => {
                  setScope(scope ? { doc: room.doc } : null)
                  setNarrow(false)
                }}
              >
                ×
              </button>
            )}
          </span>
          {named.map((name) => (
            <span key={name} class="chip" data-testid="named-chip" title="Named in your words: the agent may write there, too">
              {name}
              <button class="ghost small" aria-label={`Do not point at ${name}`} onClick={() => setLeft(new Set([...left, name]))}>×</button>
            </span>
          ))}
          {props.aim && (
            <span class="chip steering" data-testid={`${props.aim.kind}-chip`} title={props.aim.intent.text}>
              {props.aim.kind === 'steer' ? 'adds to' : 'in place of'} {props.aim.intent.actor === room.actor ? 'your' : `${props.aim.intent.actor}’s`} instruction
              <button class="ghost small" aria-label="Make it an instruction of its own" onClick={props.onAimed}>×</button>
            </span>
          )}
          {room.lane.composing !== null && (
            <span class="faint" title="What was on your screen when you began to write: the instruction is stamped with it">
              seen up to {room.lane.composing}
            </span>
          )}
          <button class="primary right" data-testid="send" disabled={!words.trim() || !mayInstruct} onClick={send} title="Ctrl or ⌘ + Enter">
            Ask
          </button>
        </div>
      </div>
      {unseen.length > 0 && (
        <div class="notice" data-testid="unseen">
          <p>
            {unseen.length === 1 ? `${unseen[0]!.actor} asked for something` : `${unseen.length} instructions came`} since you began:{' '}
            <i>{unseen.map((one) => one.text).join(' · ').slice(0, 160)}</i>
          </p>
          <button onClick={() => room.acknowledge()}>I have seen {unseen.length === 1 ? 'it' : 'them'}</button>
        </div>
      )}
      {!words && room.intents.size === 0 && mayInstruct && (
        <div class="examples">
          <p class="faint" data-testid="planner">
            {!props.planner
              ? 'No agent is connected to this server.'
              : props.planner.startsWith('builtin')
                ? 'No model is set up, so the built-in planner answers: it knows commands like these.'
                : `Planned by ${props.planner}. Say it in your own words.`}
          </p>
          {props.planner?.startsWith('builtin') && props.examples.map((example) => (
            <button key={example} class="example" onClick={() => type(example)}>
              {example}
            </button>
          ))}
        </div>
      )}
    </section>
  )
}
