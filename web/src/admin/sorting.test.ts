import { describe, expect, it } from 'vitest'
import type { WorkspaceRow } from './answers'
import { orderAfter, sortSaid, sorted, type Column } from './sorting'

const row = (id: string, more: Partial<WorkspaceRow> = {}): WorkspaceRow => ({
  id, name: id, created: '', active: '', owners: [], more_owners: false, members: 0, records: 0, epoch: 0, open: false, sockets: null, documents: null, live: null,
  questions: null, aside: null, quarantined: {}, as_of: null, stops: [], order: null, bytes: null, measured: true, ...more,
})
const ids = (rows: WorkspaceRow[], by: Column, isDown: boolean) => sorted(rows, { by, isDown }).map(({ id }) => id).join('')

describe('the order of workspaces', () => {
  it('turns by a second click, and begins with the largest', () => {
    const first = orderAfter('bytes', { by: 'name', isDown: false })
    expect(first).toEqual({ by: 'bytes', isDown: true })
    expect(orderAfter('bytes', first)).toEqual({ by: 'bytes', isDown: false })
    expect(orderAfter('name', first)).toEqual({ by: 'name', isDown: false })
  })

  it('is by numbers, by names without capitals, by time', () => {
    const rows = [row('a', { members: 10, name: 'b', active: '2' }), row('b', { members: 9, name: 'C', active: '3' }), row('c', { members: 9, name: 'A', active: '1' })]
    expect([ids(rows, 'members', true), ids(rows, 'members', false)]).toEqual(['abc', 'bca'])
    expect([ids(rows, 'name', false), ids(rows, 'active', true)]).toEqual(['cab', 'bac'])
  })

  it('has what nobody knows last, either way', () => {
    const known = { log: 1, journal: 1, snapshots: 1 }
    const rows = [row('a'), row('b', { bytes: known }), row('c', { bytes: { ...known, log: 9 } }), row('d')]
    expect([ids(rows, 'bytes', true), ids(rows, 'bytes', false)]).toEqual(['cbad', 'bcad'])
    const documents = { living: 2, archived: 0, deleted: 0 }
    expect(ids([row('a'), row('b', { documents })], 'documents', false)).toBe('ba')
  })

  it('is said', () => {
    const order = { by: 'bytes', isDown: true } as const
    expect([sortSaid('bytes', order), sortSaid('name', order), sortSaid('bytes', { ...order, isDown: false })]).toEqual(['descending', 'none', 'ascending'])
  })
})
