/** The log in plain words: who asked for what, what was decided, what was done. */
import { madeAs } from '../client/names'
import type { DocumentAct, LogRecord, OracleBody, Switch } from '../client/wire'
import { givenWords } from '../page/rights_words'
import { reachOf } from '../page/stop_words'
import type { KnownIntents } from './cards'

/** What the log in words knows besides: how documents are called that have another name than they were made under. */
type Known = KnownIntents & { readonly names?: ReadonlyMap<string, string> }

const LINES_SHOWN = 80

export interface LogLine { record: LogRecord; words: string }

/** The last records about which there is something to say, newest first. */
export function logLines(records: readonly LogRecord[], log: Known): LogLine[] {
  return records.map((record) => ({ record, words: describe(record, log) })).filter((line) => line.words).slice(-LINES_SHOWN).reverse()
}

/** What somebody did with a document as a whole. */
function acted({ do: what, doc, name, was = madeAs(doc) }: DocumentAct): string {
  if (what === 'rename') return `renamed ${was} to ${name}`
  return `${what === 'archive' ? 'archived' : what === 'delete' ? 'deleted' : 'restored'} ${was}${name && name !== was ? ` as ${name}` : ''}`
}

/** A record in words; empty where people need not be told. */
export function describe(record: LogRecord, log: Known): string {
  const { actor } = record
  switch (record.kind) {
    case 'update':
      return `${actor} edited ${log.names?.get(record.body.doc) ?? record.body.doc}`
    case 'intent': {
      const { kind, text, refs = [], value } = record.body
      // What an answer says stands in its verdict, in words.
      if (kind === 'answer') return ''
      return kind === 'do' ? `${actor} asked: ${text}` : `${actor}: ${kind} ${refs.join(', ')} ${value ?? text}`
    }
    case 'plan':
      return `The agent planned for ${record.body.intents.map((id) => authorOf(id, log)).join(', ')}: ${record.body.summary}`
    case 'decision': {
      const { question, reason, policy } = record.body
      return question ? `Asked: ${reason}` : `Decided (${policy}): ${reason}`
    }
    case 'commit':
      return `The agent wrote: ${record.body.summary}`
    case 'verdict': {
      const { intent, state, reason } = record.body
      return log.intents.get(intent)?.kind === 'answer' ? reason : `${authorOf(intent, log)}’s instruction: ${state}. ${reason}`
    }
    case 'oracle':
      return heard(record.body, log)
    case 'config': {
      const { switch: thrown, documents, acts, commit, rights } = record.body
      if (thrown) return switched(actor, thrown)
      if (rights) return `${actor} ruled: ${givenWords(rights, (doc) => log.names?.get(doc) ?? madeAs(doc))}`
      // What an instruction did stands in its verdict.
      if (acts && !commit) return acts.map((act) => `${actor} ${acted(act)}`).join('; ')
      return documents ? `${actor} made ${Object.keys(documents).map(madeAs).join(', ')}` : ''
    }
    default:
      return ''
  }
}

/** What came from outside of the log: a model's words, a refusal, a question. What calls cost stands elsewhere. */
function heard(body: OracleBody, log: KnownIntents): string {
  const { reason = '' } = body
  if (body.oracle === 'tool_refused') return `Refused to the model: ${body.tool} — ${reason}`
  if (body.oracle === 'steered') return `${authorOf(body.source ?? '', log)} added to ${authorOf(body.intent ?? '', log)}’s instruction`
  if (body.opened || body.closed || body.compared) return ''
  if (body.oracle === 'question') return `The agent asks: ${body.question?.text}`
  return reason ? `The agent: ${reason}` : ''
}

/** A thrown switch in words. */
function switched(actor: string, { scope, on, reason }: Switch): string {
  return on ? `${actor} stopped the agent${reachOf(scope)}${reason ? `: ${reason}` : ''}` : `${actor} let the agent go on${reachOf(scope)}`
}

function authorOf(id: string, log: KnownIntents): string {
  return log.intents.get(id)?.actor ?? id
}
