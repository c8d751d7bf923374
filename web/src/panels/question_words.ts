/** A question to the people in words: its answers, what became of them, the time left. */
import type { LogView } from '../client/log_view'
import type { Option, QuestionMessage } from '../client/wire'
import { who } from './whose'

const HURRY_SECONDS = 15

type Asked = Pick<QuestionMessage, 'options' | 'evidence'>

/** How many whole seconds are left at `now`, in milliseconds; never less than none. */
export function secondsLeft(deadline: number, now: number): number {
  return Math.max(0, Math.ceil(deadline - now / 1000))
}

/** The time that is left, in words. */
export function leftWords(left: number): { words: string; hurry: boolean } {
  return { words: left > 0 ? `${left} s` : 'time is up', hurry: left < HURRY_SECONDS }
}

/** Answers that stand beside no instruction of those shown. */
export function otherOptions({ options, evidence }: Asked): Option[] {
  return options.filter((option) => !evidence.intents?.some((intent) => intent.id === option.value))
}

/** What the button beside an instruction says; null where it is no answer. */
export function choiceLabel(log: Pick<LogView, 'intents' | 'actor'>, { options, evidence }: Asked, intent: string): string | null {
  if (!options.some((option) => option.value === intent)) return null
  const author = log.intents.get(intent)?.actor
  if (evidence.effects) return 'Approve and send'
  if (evidence.late?.includes(intent)) return 'Keep this'
  return `Run ${author === log.actor ? 'mine' : `${author ?? 'this'}’s`}`
}

/** One answer in the words of its button. */
export function choiceWords(me: string, { options, evidence }: Asked, value: string): string {
  const author = evidence.intents?.find((intent) => intent.id === value)?.actor
  if (author) return `${evidence.late?.includes(value) ? 'keep' : 'run'} ${author === me ? 'yours' : `${author}’s`}`
  return options.find((option) => option.value === value)?.label ?? value
}

/** Who has answered what; empty where nobody has. */
export function answersWords(me: string, question: Asked, answers: ReadonlyMap<string, string>): string {
  if (!answers.size) return ''
  return `Answered so far: ${[...answers].map(([actor, value]) => `${who(actor, me)} “${choiceWords(me, question, value)}”`).join(', ')}`
}

/** What is said under a question: whom it is for, that the answer is in, or what stands if none comes in time. */
export function footerWords(question: Asked & Pick<QuestionMessage, 'default' | 'because'>, isAllowed: boolean, answered: string): string {
  if (!isAllowed)
    return question.evidence.effects ? 'An editor, or whoever stands above the author, approves this.' : 'This is for its authors and those above them.'
  if (answered) return 'Your answer is in. It may still need others’ word.'
  const fallback = question.options.find((option) => option.value === question.default)
  if (!fallback) return 'If nobody answers, it is put away.'
  return `If it is not settled in time: ${fallback.label}${question.because ? `, because ${question.because}` : ''}`
}
