import { describe, expect, it } from 'vitest'
import { addressOf, byId, documentOf, madeAs, namedIn, problemOf } from './names'

const NAMES = ['FAQ?', 'a\\b', 'C#', '100%', '50%25', 'a b', 'ü/é', 'x%2Fy', 'a;b+c&d:e', '😀', 'שלום/א', '%', '%zz', '$&', "~!*'()", 'a.b/.c']

describe('an id', () => {
  it('tells the name that its document was made under, and is addressed as no name is', () => {
    expect(['plan', 'plan/_12', 'a/_x', 'specs/api/_3'].map(madeAs)).toEqual(['plan', 'plan', 'a/_x', 'specs/api'])
    expect(addressOf(byId('a b/_12'))).toBe('_id/a%20b/_12')
  })
})

describe('names in addresses', () => {
  it.each(NAMES)('%s goes out encoded once and comes back', (name) => {
    const url = new URL(`ws://host/ws/demo/${addressOf(name)}`)
    expect([url.search, url.hash]).toEqual(['', ''])
    expect(url.pathname.split('/').length).toBe(3 + name.split('/').length)
    expect(documentOf(addressOf(name))).toBe(name)
    expect(problemOf(name)).toBe('')
  })

  it('says what a raw room name opens', () => {
    const raw = ['FAQ?', 'C#', 'a\\b', '50%25', 'x%2Fy', '100%', 'a b', 'ü', 'cafe\u0301', 'plan']
    expect(raw.map(documentOf)).toEqual(['FAQ', 'C', 'a/b', '50%', 'x/y', '100%', 'a b', 'ü', 'café', 'plan'])
  })

  it('stops what an address would lose', () => {
    for (const name of ['', 'a//b', '/a', 'a/', '.', 'a/../b', 'a/./b', 'a\ud800']) expect(problemOf(name)).not.toBe('')
  })
})

describe('documents that an instruction names', () => {
  const names = ['plan', 'budget', 'a.b', 'C++', 'größe', 'שלום']
  it.each([
    ['set budget.travel to 5', ['budget']],
    ['move it from PLAN to the Budget', ['plan', 'budget']],
    ['plane and budgets', []],
    ['append "see budget" to plan', ['plan']],
    ['say “plan” and «budget»', []],
    ['axb', []],
    ['write a.b and C++.', ['a.b', 'C++']],
    ['die größe, bitte', ['größe']],
    ['שלום!', ['שלום']],
  ])('%s', (words, found) => {
    expect(namedIn(words, names)).toEqual(found)
  })
})
