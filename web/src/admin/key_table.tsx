/** Every token and session that counts: whose, where, when it was used; each can be ended. */
import type { KeyRow, PageOf } from './answers'
import { ListHead } from './list_head'
import { agoWords, endWords, kindWords, whereWords } from './words'

interface KeyTableProps {
  page: PageOf<KeyRow>
  now: number
  find: string
  onFind: (words: string) => void
  more: () => void
  end: (key: KeyRow) => void
}

export function KeyTable({ page, now, find, onFind, more, end }: KeyTableProps) {
  return (
    <section aria-labelledby="sessions-title" data-testid="sessions">
      <ListHead id="sessions-title" title="Tokens and sessions" find={find} onFind={onFind} hint="Person, workspace, label" />
      {page.rows.length ? (
        <table role="table">
          <thead role="rowgroup">
            <tr role="row">
              {['Who', 'Opens', 'What', 'Made', 'Last used', 'Ends', ''].map((words) => (
                <th key={words} role="columnheader" scope="col">{words || <span class="unseen">End it</span>}</th>
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {page.rows.map((key) => (
              <tr key={key.id} role="row" data-testid={`key-${key.id}`}>
                <th role="rowheader" scope="row" class="what">
                  {key.who} {key.own && <em>this one</em>}
                  {key.label && <span class="faint"> {key.label}</span>}
                </th>
                <td role="cell" data-label="Opens">{whereWords(key)}</td>
                <td role="cell" data-label="What">{kindWords(key)}</td>
                <td role="cell" data-label="Made"><time dateTime={key.created}>{agoWords(key.created, now)}</time></td>
                <td role="cell" data-label="Last used">{agoWords(key.used, now)}{key.from && <span class="faint"> from {key.from}</span>}</td>
                <td role="cell" data-label="Ends">{endWords(key.expires, now)}</td>
                <td role="cell" class="act"><button class="small" aria-label={`End the ${key.kind} of ${key.who}`} onClick={() => end(key)}>End</button></td>
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <p class="faint empty">{find.trim() ? `Nobody’s token or session is like “${find.trim()}”.` : 'Nobody holds a token or a session.'}</p>
      )}
      {page.next && <p class="more"><button onClick={more}>Show older ones</button></p>}
    </section>
  )
}
