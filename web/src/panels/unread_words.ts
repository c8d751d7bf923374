/** What the inbox says, and the intent behind an entry of it. */
import type { IntentView, LogView } from '../client/log_view'
import type { InboxEntry } from '../client/wire'

/** What waits to be read, in a sentence; empty where nothing does. `since` is where the log stood when the page was opened. */
export function unreadWords(waiting: readonly Pick<InboxEntry, 'verdict_seq'>[], more: number, since: number): string {
  const total = waiting.length + more
  if (!total) return ''
  const words = `${total} of your instructions ended`
  return waiting.every((entry) => entry.verdict_seq <= since) ? `While you were away, ${words}` : words
}

/** The intent as the board shows it; made from the entry where it is older than what this page knows of the log. */
export function intentOf(log: Pick<LogView, 'intents' | 'actor' | 'role'>, entry: InboxEntry): IntentView {
  const { id, seq, at, kind, text, refs, verdict, verdict_seq: verdictSeq } = entry
  const { state, reason } = verdict
  return log.intents.get(id) ?? { id, seq, at, actor: log.actor, role: log.role, mine: false, kind, text, seen: 0, refs, state, reason, waitsFor: [], summary: '', verdict, verdictSeq }
}
