import { describe, expect, it } from 'vitest'
import { Aside, linesBeyond } from './aside'
import { cupboardOf } from './fixtures'
import { Shelf } from './shelf'

const edit = (at: number) => ({ doc: 'plan', at, why: 'read-only', text: `text ${at}`, lines: [`text ${at}`] })

describe('what was set aside', () => {
  it('outlives the page, and what another page has put there stays', () => {
    const cupboard = cupboardOf()
    const one = new Aside(new Shelf(cupboard, 'demo', 'Ana'))
    const two = new Aside(new Shelf(cupboard, 'demo', 'Ana'))
    one.put(edit(1))
    two.put(edit(2))
    expect(new Aside(new Shelf(cupboard, 'demo', 'Ana')).edits).toEqual([edit(1), edit(2)])
    one.drop(edit(1))
    expect(new Aside(new Shelf(cupboard, 'demo', 'Ana')).edits).toEqual([edit(2)])
  })

  it('is at most so much, the newest', () => {
    const aside = new Aside(new Shelf(cupboardOf(), 'demo', 'Ana'))
    for (let at = 0; at < 25; at += 1) aside.put(edit(at))
    expect([aside.edits.length, aside.edits[0]?.at]).toEqual([20, 5])
  })

  it('is still shown where the browser has no room for it', () => {
    const cupboard = cupboardOf()
    cupboard.isFull = true
    const aside = new Aside(new Shelf(cupboard, 'demo', 'Ana'))
    aside.put(edit(1))
    expect(aside.edits).toEqual([edit(1)])
  })
})

describe('the lines beyond another text', () => {
  it('are those that are missing there, as often as they are', () => {
    expect(linesBeyond('a\nmine\nb\nb\n\n', 'a\nb')).toEqual(['mine', 'b'])
    expect(linesBeyond('same', 'same')).toEqual([])
  })
})
