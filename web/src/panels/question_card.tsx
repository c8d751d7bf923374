/** A question to the people: both instructions, what each author had seen, the document both ways, the time left. */
import { useEffect, useState } from 'preact/hooks'
import type { Room } from '../client/room'
import type { QuestionMessage } from '../client/wire'
import { inkOf } from '../page/colours'
import { Declared } from './effects'
import { answersWords, choiceLabel, footerWords, leftWords, otherOptions, secondsLeft } from './question_words'
import { diffParts } from './text_diff'

export function QuestionCard({ room, question }: { room: Room; question: QuestionMessage }) {
  const left = leftWords(useCountdown(question.deadline))
  const [sent, setSent] = useState('')
  const [text, setText] = useState('')
  const answers = room.answers.get(question.id) ?? new Map<string, string>()
  const said = answersWords(room.actor, question, answers)
  // What was answered in another window, or before this page was opened, is answered.
  const answered = sent || (answers.get(room.actor) ?? '')
  const allowed = room.mayAnswer(question)
  const intents = question.evidence.intents ?? []
  const does = question.evidence.does ?? []
  const documents = Object.entries(question.evidence.documents ?? {})
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
          <time class={left.hurry ? 'hurry' : ''} title="Time left to answer">{left.words}</time>
        )}
      </header>
      {does.length > 1 && (
        <details class="did" data-testid="does" open={does.length < 6}>
          <summary>All that it would do there</summary>
          <ul>{does.map((one) => <li key={one}>{one}</li>)}</ul>
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
          {documents.map(([name, shown]) => {
            // Of a crowd the server works out some outcomes only.
            const after = shown.outcomes[intent.id]
            return after !== undefined && <DocumentDiff key={name} name={name} before={shown.before} after={after} />
          })}
          <Choose room={room} question={question} value={intent.id} answered={answered} allowed={allowed} answer={answer} />
        </section>
      ))}
      <div class="choices">
        {otherOptions(question).map((option) => (
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
      {said && <p class="faint" data-testid="answers">{said}</p>}
      <footer class="faint">{footerWords(question, allowed, answered)}</footer>
    </article>
  )
}

function Choose(props: {
  room: Room
  question: QuestionMessage
  value: string
  answered: string
  allowed: boolean
  answer: (value: string) => void
}) {
  const label = choiceLabel(props.room, props.question, props.value)
  if (label === null) return null
  return (
    <button
      class="primary"
      data-testid="answer-option"
      data-value={props.value}
      disabled={!props.allowed || !!props.answered}
      title={props.question.options.find((option) => option.value === props.value)?.label}
      onClick={() => props.answer(props.value)}
    >
      {props.answered === props.value ? `✓ ${label}` : label}
    </button>
  )
}

/** A document as it would be, against how it is. */
function DocumentDiff({ name, before, after }: { name: string; before: string; after: string }) {
  return (
    <div class="diff">
      <span class="faint">{name}</span>
      <pre>
        {diffParts(before, after).map(({ kind, text }, at) =>
          kind === 'added' ? <ins key={at}>{text}</ins> : kind === 'removed' ? <del key={at}>{text}</del> : <span key={at}>{text}</span>,
        )}
      </pre>
    </div>
  )
}

function useCountdown(deadline: number): number {
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500)
    return () => clearInterval(timer)
  }, [])
  return secondsLeft(deadline, now)
}
