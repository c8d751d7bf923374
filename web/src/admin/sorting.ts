/** The order of the table of workspaces: by which column, which way. */
import type { WorkspaceRow } from './answers'
import { bytesOf } from './words'

export type Column = 'name' | 'members' | 'documents' | 'live' | 'sockets' | 'records' | 'bytes' | 'active'
export interface Order { by: Column; isDown: boolean }

/** By name upwards first, by any number downwards: the largest is what is looked for. */
export function orderAfter(column: Column, before: Order): Order {
  return before.by === column ? { by: column, isDown: !before.isDown } : { by: column, isDown: column !== 'name' }
}

/** The rows in an order; what is not known comes last either way, and equal ones by id. */
export function sorted(rows: readonly WorkspaceRow[], { by, isDown }: Order): WorkspaceRow[] {
  const sign = isDown ? -1 : 1
  return [...rows].sort((one, other) => {
    const [a, b] = [valueOf(one, by), valueOf(other, by)]
    if (a === null || b === null) return Number(a === null) - Number(b === null) || compare(one.id, other.id)
    return sign * compare(a, b) || compare(one.id, other.id)
  })
}

/** What a screen reader is told of a column's head. */
export function sortSaid(column: Column, { by, isDown }: Order): 'ascending' | 'descending' | 'none' {
  return by === column ? (isDown ? 'descending' : 'ascending') : 'none'
}

function valueOf(row: WorkspaceRow, by: Column): string | number | null {
  if (by === 'name') return row.name.toLocaleLowerCase()
  if (by === 'documents') return row.documents && row.documents.living
  if (by === 'bytes') return bytesOf(row)
  return row[by]
}

function compare(a: string | number, b: string | number): number {
  return typeof a === 'string' && typeof b === 'string' ? a.localeCompare(b) : Number(a) - Number(b)
}
