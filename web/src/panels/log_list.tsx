/** The lines of the log, newest first. */
import type { Room } from '../client/room'
import { logLines } from './log_lines'

export function LogList({ room }: { room: Room }) {
  return (
    <ol>
      {logLines(room.records, room).map(({ record, words }) => (
        <li key={record.seq}>
          <span class="seq">{record.seq}</span>
          <span>{words}</span>
          <time class="faint">{new Date(record.at).toLocaleTimeString()}</time>
        </li>
      ))}
    </ol>
  )
}
