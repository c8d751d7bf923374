/** The log in plain words, newest first: who asked for what, what was decided, what was done. */
import type { Room } from './room'
import type { LogRecord } from './wire'

export function Activity({ room }: { room: Room }) {
  const lines = room.records.map((record) => ({ record, said: describe(record, room) })).filter((line) => line.said)
  return (
    <details class="activity">
      <summary>
        Log <span class="faint">{room.head} records</span>
      </summary>
      <ol>
        {lines
          .slice(-80)
          .reverse()
          .map(({ record, said }) => (
            <li key={record.seq}>
              <span class="seq">{record.seq}</span>
              <span>{said}</span>
              <time class="faint">{new Date(record.at).toLocaleTimeString()}</time>
            </li>
          ))}
      </ol>
    </details>
  )
}

/** A thrown switch in words. */
function switched({ actor, body }: LogRecord): string {
  const { scope, on, reason } = body.switch as { scope: string; on: boolean; reason?: string }
  const where = scope === 'server' ? ' on the whole server' : ''
  return on ? `${actor} stopped the agent${where}${reason ? `: ${reason}` : ''}` : `${actor} let the agent go on${where}`
}

function describe(record: LogRecord, room: Room): string {
  const body = record.body
  const author = (id: string) => room.intents.get(id)?.actor ?? id
  switch (record.kind) {
    case 'update':
      return `${record.actor} edited ${body.doc}`
    case 'intent':
      // What an answer says stands in its verdict, in words.
      if (body.kind === 'answer') return ''
      return body.kind === 'do' ? `${record.actor} asked: ${body.text}` : `${record.actor}: ${body.kind} ${(body.refs ?? []).join(', ')} ${body.value ?? body.text}`
    case 'plan':
      return `The agent planned for ${body.intents.map(author).join(', ')}: ${body.summary}`
    case 'decision':
      return body.question ? `Asked: ${body.reason}` : `Decided (${body.policy}): ${body.reason}`
    case 'commit':
      return `The agent wrote: ${body.summary}`
    case 'verdict':
      return room.intents.get(body.intent)?.kind === 'answer' ? body.reason : `${author(body.intent)}’s instruction: ${body.state}. ${body.reason}`
    case 'oracle':
      if (body.oracle === 'tool_refused') return `Refused to the model: ${body.tool} — ${body.reason}`
      if (body.oracle === 'steered') return `${author(body.source)} added to ${author(body.intent)}’s instruction`
      if (body.opened || body.closed || body.compared) return ''
      return body.oracle === 'question' ? `The agent asks: ${body.question?.text}` : body.reason ? `The agent: ${body.reason}` : ''
    case 'config':
      if (body.switch) return switched(record)
      return body.documents ? `${record.actor} made ${Object.keys(body.documents).join(', ')}` : ''
    default:
      return ''
  }
}
