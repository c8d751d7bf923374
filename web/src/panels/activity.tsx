/** The log in plain words, newest first. */
import type { Room } from '../client/room'
import { logLines } from './log_lines'

export function Activity({ room }: { room: Room }) {
  return (
    <details class="activity">
      <summary>
        Log <span class="faint">{room.head} records</span>
      </summary>
      <ol>
        {logLines(room.records, room).map(({ record, words }) => (
          <li key={record.seq}>
            <span class="seq">{record.seq}</span>
            <span>{words}</span>
            <time class="faint">{new Date(record.at).toLocaleTimeString()}</time>
          </li>
        ))}
      </ol>
    </details>
  )
}
