/** The workspaces as a table: sorted by any column, searched, each with a link into it. */
import { useState } from 'preact/hooks'
import { base } from '../page/base'
import type { PageOf, WorkspaceRow } from './answers'
import { ListHead } from './list_head'
import { orderAfter, sorted, sortSaid, type Column, type Order } from './sorting'
import { agoWords, bytesOf, countWords, documentsWords, ownersWords, partsWords, sizeWords } from './words'

const COLUMNS: readonly [Column, string][] = [
  ['name', 'Workspace'], ['members', 'People'], ['documents', 'Documents'], ['live', 'Under way'], ['sockets', 'Connected'],
  ['records', 'Records'], ['bytes', 'Size'], ['active', 'Last activity'],
]

interface WorkspaceTableProps {
  page: PageOf<WorkspaceRow>
  now: number
  find: string
  onFind: (words: string) => void
  more: () => void
  open: (ws: string) => void
}

export function WorkspaceTable({ page, now, find, onFind, more, open }: WorkspaceTableProps) {
  const [order, setOrder] = useState<Order>({ by: 'name', isDown: false })
  const rows = sorted(page.rows, order)
  return (
    <section aria-labelledby="workspaces-title" data-testid="workspaces">
      <ListHead id="workspaces-title" title="Workspaces" find={find} onFind={onFind} hint="Name or id">
        <label class="narrow">
          Sort by{' '}
          <select value={order.by} onChange={(event) => setOrder(orderAfter(event.currentTarget.value as Column, order))}>
            {COLUMNS.map(([column, words]) => <option key={column} value={column}>{words}</option>)}
          </select>
        </label>
      </ListHead>
      {rows.length ? (
        <table role="table">
          <thead role="rowgroup">
            <tr role="row">
              {COLUMNS.map(([column, words]) => (
                <th key={column} role="columnheader" scope="col" aria-sort={sortSaid(column, order)} class={column === 'name' || column === 'active' ? '' : 'number'}>
                  <button onClick={() => setOrder(orderAfter(column, order))}>
                    {words}
                    {order.by === column && <span aria-hidden="true">{order.isDown ? '↓' : '↑'}</span>}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup">{rows.map((row) => <Line key={row.id} row={row} now={now} open={open} />)}</tbody>
        </table>
      ) : (
        <p class="faint empty">{find.trim() ? `No workspace is called like “${find.trim()}”.` : 'No workspace yet. One is made with folkmoot token --workspace NAME --actor NAME.'}</p>
      )}
      {page.next && (
        <p class="more">
          Sorted among the first {countWords(page.rows.length, 'workspace')} by id. <button onClick={more}>Show more</button>
        </p>
      )}
    </section>
  )
}

function Line({ row, now, open }: { row: WorkspaceRow; now: number; open: (ws: string) => void }) {
  const size = bytesOf(row)
  return (
    <tr role="row" data-testid={`workspace-${row.id}`}>
      <th role="rowheader" scope="row" class="what">
        <a href={`${base}/w/${row.id}`} onClick={() => open(row.id)}>{row.name}</a>
        <span class="faint"> {row.id !== row.name && <code>{row.id}</code>} {ownersWords(row)}</span>
        <Flags row={row} />
      </th>
      <td role="cell" class="number" data-label="People">{row.members}</td>
      <td role="cell" class="number" data-label="Documents">{documentsWords(row)}</td>
      <td role="cell" class="number" data-label="Under way">{row.live ?? '–'}</td>
      <td role="cell" class="number" data-label="Connected">{row.sockets ?? (row.open ? 0 : '–')}</td>
      <td role="cell" class="number" data-label="Records">{row.records.toLocaleString('en')}</td>
      <td role="cell" class="number" data-label="Size" title={partsWords(row)}>{size === null ? '–' : `${sizeWords(size)}${row.measured ? '' : ' +'}`}</td>
      <td role="cell" data-label="Last activity"><time dateTime={row.active}>{agoWords(row.active, now)}</time></td>
    </tr>
  )
}

function Flags({ row }: { row: WorkspaceRow }) {
  const named = Object.entries(row.quarantined)
  return (
    <>
      {row.stops.map((stop) => (
        <p key={stop.since} class="flag bad"><i class="halt" aria-hidden="true" /> Agent stopped by {stop.by}{stop.reason && `: ${stop.reason}`}</p>
      ))}
      {row.order && <p class="flag busy">The agent is to {row.order.on ? 'stop' : 'go on'} by {row.order.by} as soon as it is opened</p>}
      {row.aside ? (
        <details class="flag bad">
          <summary>{countWords(row.aside, 'document')} cannot be read</summary>
          <ul>
            {named.map(([name, reason]) => <li key={name}><b>{name}</b>: {reason}</li>)}
            {row.aside > named.length && <li>and {row.aside - named.length} more</li>}
          </ul>
        </details>
      ) : null}
    </>
  )
}
