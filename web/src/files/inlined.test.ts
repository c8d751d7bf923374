import { describe, expect, it } from 'vitest'
import { fileOfUri, hasInlined, partedPage, partedText, type HtmlNode } from './inlined'

const PNG = 'iVBORw0KGgo='
const URI = `data:image/png;base64,${PNG}`
const bytes = async (file: Blob | null) => file && [...new Uint8Array(await file.arrayBuffer())]

describe('a data address', () => {
  it('is the file of its base64', async () => {
    expect(await bytes(fileOfUri(URI))).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
    expect(fileOfUri('data:image/png;charset=x;base64,aGk%3D')?.size).toBe(2)
    expect(fileOfUri(URI)?.type).toBe('image/png')
  })

  it('is none where it is broken', () => {
    for (const uri of ['data:image/png;base64,a', 'data:image/png;base64,', 'data:image/png,x', 'https://x', 'data:image/png;base64,%']) expect(fileOfUri(uri)).toBeNull()
  })
})

describe('pasted words', () => {
  it('lose each picture with the mark that it stood in, and keep what it is called', () => {
    const { text, files } = partedText(`one ![my \\[boots\\]](${URI}) two <img alt="a map" src="${URI}" width=1> three ${URI} [plan](data:application/pdf;base64,JVBERi0=) end`)
    expect(text).toBe('one  two  three   end')
    expect(files.map(({ at, words, file }) => [at, words, file?.size])).toEqual([[4, 'my [boots]', 8], [9, 'a map', 8], [16, '', 8], [17, 'plan', 5]])
  })

  it('keep what has no base64 as it is; base64 that is broken goes as well', () => {
    expect(partedText('a ![b](c) data: d')).toEqual({ text: 'a ![b](c) data: d', files: [] })
    expect(partedText('x ![b](data:image/png;base64,a) y')).toEqual({ text: 'x  y', files: [{ at: 2, words: 'b', file: null }] })
    expect(hasInlined(partedText(`![a](${URI} ${URI}`).text)).toBe(false)
  })

  it('are read at once, however long', () => {
    const begun = performance.now()
    expect(partedText(`![a](data:image/png;base64,${'A'.repeat(4_000_000)})`).files[0]?.file?.size).toBe(3_000_000)
    expect(partedText(`![a](${URI}) `.repeat(500)).files).toHaveLength(500)
    expect(performance.now() - begun).toBeLessThan(3_000)
  })
})

const words = (nodeValue: string): HtmlNode => ({ nodeType: 3, nodeName: '#text', nodeValue, childNodes: [] })
const tag = (nodeName: string, childNodes: HtmlNode[] = [], attributes: Record<string, string> = {}): HtmlNode =>
  ({ nodeType: 1, nodeName, nodeValue: null, childNodes, getAttribute: (name) => attributes[name] ?? null })

describe('a pasted page', () => {
  it('is its words in lines, with the pictures where they stood', () => {
    const page = tag('BODY', [
      tag('STYLE', [words('p {}')]), tag('H2', [words('Boots')]),
      tag('P', [words('  one\n picture '), tag('IMG', [], { src: URI, alt: 'a boot' }), words(' here')]),
      tag('UL', [tag('LI', [words('first')]), tag('LI', [words('second'), tag('BR'), words('line')])]),
      tag('P', [tag('IMG', [], { src: 'https://x/y.png' }), words('last')]), tag('IMG', [], { src: URI }),
    ])
    const { text, files } = partedPage(page)
    expect(text).toBe('## Boots\none picture here\n- first\n- second\nline\nlast')
    expect(files.map(({ at, words: said }) => [at, said])).toEqual([[text.indexOf('here'), 'a boot'], [text.length, '']])
  })

  it('has no base64 in its words either, and an end, however deep it is', () => {
    let deep = words('deep')
    for (let at = 0; at < 2_000; at += 1) deep = tag('SPAN', [deep])
    expect(partedPage(tag('BODY', [words(`a ${URI} b`), deep]))).toMatchObject({ text: 'a  b', files: [{ at: 2 }] })
  })
})
