import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { base64 } from '../client/control'
import { viewOf } from '../client/fixtures'
import { ghostsIn } from './ghost_text'

function textOf(words: string): Y.Text {
  const text = new Y.Doc().getText('content')
  text.insert(0, words)
  return text
}

describe('what the agent is writing', () => {
  const draft = { doc: 'plan', text: 'Bring boots.', intents: ['i1'] }

  it('stands at the end of the text where its instruction points nowhere', () => {
    expect(ghostsIn([draft], new Map([['i1', viewOf('i1')]]), ['plan'], textOf('abc'))).toEqual([{ at: 3, words: 'Bring boots.' }])
    expect(ghostsIn([draft], new Map(), ['plan'], textOf('abc'))).toEqual([{ at: 3, words: 'Bring boots.' }])
  })

  it('stands behind the range that its instruction points at, wherever that has moved', () => {
    const text = textOf('walk, talks')
    const to = base64(Y.encodeRelativePosition(Y.createRelativePositionFromTypeIndex(text, 4, -1)))
    text.insert(0, 'A ')
    const intents = new Map([['i1', viewOf('i1', { scope: [{ doc: 'plan', from: to, to }] })]])
    expect(ghostsIn([draft], intents, ['plan'], text)).toEqual([{ at: 6, words: 'Bring boots.' }])
  })

  it('is of this document alone, and of a long one its end', () => {
    const long = { ...draft, text: `${'a'.repeat(3_000)}b` }
    expect(ghostsIn([{ ...draft, doc: 'other' }], new Map(), ['plan'], textOf(''))).toEqual([])
    const [ghost] = ghostsIn([long], new Map(), ['plan'], textOf(''))
    expect(ghost?.words).toMatch(/^…a{1999}b$/)
  })
})
