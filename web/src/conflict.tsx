/** A question to the people: both instructions, what each author had seen, the document both ways, the time left. */
import { diffWordsWithSpace } from 'diff'
import { useEffect, useState } from 'preact/hooks'
import { Declared } from './effects'
import type { Room } from './room'
import { inkOf } from './session'
import type { Question } from './wire'

export function QuestionCard({ room, question }: { room: Room; question: Question }) {
  const left = useCountdown(question.deadline)
  const [sent, setSent] = useState('')
  const [text, setText] = useState('')
  const answers = room.answers.get(question.id) ?? new Map<string, string>()
  // What was answered in another window, or before this page was opened, is answered.
  const answered = sent || (answers.get(room.actor) ?? '')
  const allowed = room.mayAnswer(question)
  const intents = question.evidence.intents ?? []
  const documents = Object.entries(question.evidence.documents ?? {})
  const fallback = question.options.find((option) => option.value === question.default)
  const answer = (value: string) => {
    setSent(value)
    room.answer(question.id, value)
  }
  return (
    <article class="card question" data-testid="question-card" aria-live="polite">
      <header>
        <h3>{question.text}</h3>
        {room.stops.length > 0 ? (
          <time title="The agent is stopped: the time to answer goes on when it does">time stands still</time>
        ) : (
          <time class={left < 15 ? 'hurry' : ''} title="Time left to answer">
            {left > 0 ? `${left} s` : 'time is up'}
          </time>
        )}
      </header>
      {(question.evidence.does?.length ?? 0) > 1 && (
        <details class="did" data-testid="does" open={question.evidence.does!.length < 6}>
          <summary>All that it would do there</summary>
          <ul>{question.evidence.does!.map((one) => <li key={one}>{one}</li>)}</ul>
        </details>
      )}
      {question.evidence.effects && <Declared effects={question.evidence.effects} />}
      {intents.map((intent) => (
        <section class="rival" key={intent.id}>
          <p class="who">
            <b style={{ color: inkOf(intent.actor) }}>{intent.actor}</b> <span class="faint">{intent.role}</span>
            <span class="faint right" title="The last record this author had on screen when beginning to write">
              had seen {intent.seen}
            </span>
          </p>
          <blockquote>{intent.text}</blockquote>
          {documents.map(([name, shown]) => (
            <Diff key={name} name={name} before={shown.before} after={shown.outcomes[intent.id] ?? shown.before} />
          ))}
          <Choose room={room} question={question} value={intent.id} answered={answered} allowed={allowed} answer={answer} />
        </section>
      ))}
      <div class="choices">
        {question.options
          .filter((option) => !intents.some((intent) => intent.id === option.value))
          .map((option) => (
            <button key={option.value} data-testid="answer-option" data-value={option.value} disabled={!allowed || !!answered} onClick={() => answer(option.value)}>
              {option.label}
            </button>
          ))}
        {question.options.length === 0 && (
          <form
            class="free-answer"
            onSubmit={(event) => {
              event.preventDefault()
              if (text.trim()) answer(text.trim())
            }}
          >
            <input value={text} aria-label="Your answer" placeholder="Your answer" disabled={!allowed || !!answered} onInput={(event) => setText(event.currentTarget.value)} />
            <button class="primary" disabled={!allowed || !!answered || !text.trim()}>
              Answer
            </button>
          </form>
        )}
      </div>
      {answers.size > 0 && (
        <p class="faint" data-testid="answers">
          Answered so far: {[...answers].map(([actor, value]) => `${actor === room.actor ? 'you' : actor} “${choiceOf(room, question, value)}”`).join(', ')}
        </p>
      )}
      <footer class="faint">
        {!allowed
          ? (question.evidence.effects ? 'An editor, or whoever stands above the author, approves this.' : 'This is for its authors and those above them.')
          : answered
            ? 'Your answer is in. It may still need others’ word.'
            : fallback
              ? `If it is not settled in time: ${fallback.label}${question.because ? `, because ${question.because}` : ''}`
              : 'If nobody answers, it is put away.'}
      </footer>
    </article>
  )
}

/** One answer in the words of its button. */
function choiceOf(room: Room, question: Question, value: string): string {
  const author = question.evidence.intents?.find((intent) => intent.id === value)?.actor
  if (author) return `${question.evidence.late?.includes(value) ? 'keep' : 'run'} ${author === room.actor ? 'yours' : `${author}’s`}`
  return question.options.find((option) => option.value === value)?.label ?? value
}

function Choose(props: {
  room: Room
  question: Question
  value: string
  answered: string
  allowed: boolean
  answer: (value: string) => void
}) {
  const option = props.question.options.find((one) => one.value === props.value)
  if (!option) return null
  const author = props.room.intents.get(props.value)?.actor
  const late = props.question.evidence.late?.includes(props.value)
  const label = props.question.evidence.effects ? 'Approve and send' : late ? 'Keep this' : `Run ${author === props.room.actor ? 'mine' : `${author ?? 'this'}’s`}`
  return (
    <button
      class="primary"
      data-testid="answer-option"
      data-value={props.value}
      disabled={!props.allowed || !!props.answered}
      title={option.label}
      onClick={() => props.answer(props.value)}
    >
      {props.answered === props.value ? `✓ ${label}` : label}
    </button>
  )
}

/** What would change, word by word; long unchanged stretches are cut. */
export function Diff({ name, before, after }: { name: string; before: string; after: string }) {
  const parts = diffWordsWithSpace(before, after)
  return (
    <div class="diff">
      <span class="faint">{name}</span>
      <pre>
        {parts.map((part, at) =>
          part.added ? <ins key={at}>{part.value}</ins> : part.removed ? <del key={at}>{part.value}</del> : <span key={at}>{shorten(part.value)}</span>,
        )}
      </pre>
    </div>
  )
}

function shorten(text: string): string {
  return text.length <= 160 ? text : `${text.slice(0, 70)} … ${text.slice(-70)}`
}

function useCountdown(deadline: number): number {
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500)
    return () => clearInterval(timer)
  }, [])
  return Math.max(0, Math.ceil(deadline - now / 1000))
}
