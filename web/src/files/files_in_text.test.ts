import { Text } from '@codemirror/state'
import { describe, expect, it } from 'vitest'
import { comingOf, nameOf, shownIn } from './files_in_text'
import type { HtmlNode } from './inlined'

const ID = `sha256-${'0a'.repeat(32)}`
const URI = 'data:image/png;base64,iVBORw0KGgo='
const file = new File(['x'], 'a.png')
const parse = (html: string): HtmlNode => ({
  nodeType: 1, nodeName: 'BODY', nodeValue: null,
  childNodes: [...html.matchAll(/src="([^"]+)"/g)].map(([, src]) => ({ nodeType: 1, nodeName: 'IMG', nodeValue: null, childNodes: [], getAttribute: () => src ?? null })),
})

describe('what is pasted or dropped', () => {
  it('is brought in as a file, but not as the picture of words beside them', () => {
    expect(comingOf({ files: [file], html: '', plain: '' }, parse)).toEqual({ files: [file] })
    expect(comingOf({ files: [file], html: '', plain: 'a.png' }, parse)).toEqual({ files: [file] })
    expect(comingOf({ files: [file], html: '<img src="https://x">', plain: '' }, parse)).toEqual({ files: [file] })
    expect(comingOf({ files: [file], html: '<p>words', plain: 'words' }, parse)).toBeNull()
  })

  it('is parted from the base64 in it, and the editor’s own where there is none', () => {
    expect(comingOf({ files: [], html: `<img src="${URI}">`, plain: 'words' }, parse)).toMatchObject({ parted: { text: '', files: [{ at: 0 }] } })
    expect(comingOf({ files: [], html: '', plain: `a ![b](${URI})` }, parse)).toMatchObject({ parted: { text: 'a ', files: [{ words: 'b' }] } })
    expect(comingOf({ files: [], html: '<b>words</b>', plain: 'words' }, parse)).toBeNull()
  })

  it('is called as was said of it', () => {
    const png = new Blob(['x'], { type: 'image/png' })
    expect(nameOf({ at: 0, words: 'my  boots', file: png })).toBe('my boots.png')
    expect(nameOf({ at: 0, words: 'Boots.PNG', file: png })).toBe('Boots.PNG')
    expect(nameOf({ at: 0, words: '', file: png })).toBe('picture.png')
    expect(nameOf({ at: 0, words: '', file: null })).toBe('file')
  })
})

describe('what a text names', () => {
  it('is shown of the lines that are drawn, each once: pictures behind their line', () => {
    const doc = Text.of([`![a](blob:${ID}) and [b](blob:${ID}) end`, 'words', `![c](blob:${ID})`])
    const shown = (...ranges: { from: number; to: number }[]) => shownIn(doc, ranges).map(({ named }) => named.words)
    expect(shown({ from: 0, to: doc.length })).toEqual(['b', 'a', 'c'])
    expect(shown({ from: 0, to: 5 }, { from: 6, to: 9 })).toEqual(['b', 'a'])
    expect(shown({ from: doc.line(2).from, to: doc.line(2).to })).toEqual([])
    expect(shownIn(doc, [{ from: 0, to: 1 }]).at(-1)!.at).toBe(doc.line(1).to)
  })
})
