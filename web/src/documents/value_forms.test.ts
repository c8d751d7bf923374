import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { canonicalOf, canonicalRoot } from './value_forms'

describe('the canonical form', () => {
  it('says in JSON what JSON has no word for', () => {
    expect(canonicalOf([NaN, -Infinity, 2n ** 60n, 7n, new Uint8Array([0, 1, 255]), undefined, 'a', 1.5])).toEqual([
      { '~number': 'NaN' }, { '~number': '-Infinity' }, { '~bigint': '1152921504606846976' }, 7, { '~bytes': 'AAH/' }, null, 'a', 1.5,
    ])
    expect(canonicalOf({ '~bytes': 'AAH/' })).toEqual({ '~~bytes': 'AAH/' })
  })

  it('has shared types as what they hold, and the names of a document as they are', () => {
    const root = new Y.Doc().getMap('data')
    root.set('~bytes', new Y.Text('words'))
    expect(canonicalRoot(root)).toEqual({ '~bytes': 'words' })
    const element = new Y.XmlElement('p')
    root.set('x', element)
    element.insert(0, [new Y.XmlText('hm')])
    const list = new Y.Array<unknown>()
    list.push([[1n], 'a'])
    root.set('list', list)
    expect(canonicalRoot(root)).toEqual({ '~bytes': 'words', x: { '~xml': '<p>hm</p>' }, list: [[1], 'a'] })
  })
})
