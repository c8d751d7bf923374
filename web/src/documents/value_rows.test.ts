import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { partsOf } from './value_edits'
import { isManyLines, labelOf, pageOf, ROWS_SHOWN_MAX, rowsOf, shownOf } from './value_rows'

describe('the rows', () => {
  const root = new Y.Doc().getMap('data')
  for (let at = 0; at < 250; at += 1) root.set(`Key ${at}`, at)
  const parts = partsOf(root, null)

  it('are drawn a page at a time', () => {
    expect(shownOf(parts, '', 1)).toMatchObject({ left: 250 - ROWS_SHOWN_MAX, isLong: true })
    expect(shownOf(parts, '', 3)).toMatchObject({ left: 0 })
    expect([pageOf(250), pageOf(50)]).toEqual([ROWS_SHOWN_MAX, 50])
    expect(shownOf(parts.slice(0, 5), '', 1).isLong).toBe(false)
  })

  it('are found by a part of their name, an item by its number', () => {
    expect(shownOf(parts, 'key 24', 1).shown.map(({ name }) => name)).toHaveLength(11)
    const list = new Y.Doc().getArray('list')
    list.push(['a', 'b', 'c'])
    expect(shownOf(partsOf(list, null), '2', 1).shown.map(({ value }) => value)).toEqual(['b'])
  })

  it('are called by the names on the way, in quotes where these could mislead', () => {
    expect([labelOf(['a', 0, 'b']), labelOf(['a.0', 'b']), labelOf(['']), labelOf(['"'])]).toEqual(['a.0.b', '"a.0".b', '""', '"\\""'])
  })
})

describe('a field', () => {
  it('has several lines for what would not stand in one', () => {
    expect([isManyLines('text', 'a'), isManyLines('text', 'a\nb'), isManyLines('text', 'a'.repeat(81)), isManyLines('shared text', '')]).toEqual([false, true, true, true])
    expect([rowsOf('a'), rowsOf('a\nb'), rowsOf('a'.repeat(200)), rowsOf('\n'.repeat(100))]).toEqual([1, 2, 3, 12])
  })
})
