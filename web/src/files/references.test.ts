import { describe, expect, it } from 'vitest'
import { fileOf, filesIn, isPictureType, markdownOf, partedFrom } from './references'

const ID = `sha256-${'0a'.repeat(32)}`

describe('the files that a text names', () => {
  it('are its Markdown pictures and links to blobs, and nothing else', () => {
    const text = `a ![my boots](blob:${ID}) b [plan.pdf](blobs/${ID} "t") ![web](https://x/y.png) blob:${ID} [no](blob:sha256-00)`
    expect(filesIn(text).map(({ id, words, isPicture }) => [id, words, isPicture])).toEqual([[ID, 'my boots', true], [ID, 'plan.pdf', false]])
    const [first] = filesIn(text)
    expect(text.slice(first!.from, first!.to)).toBe(`![my boots](blob:${ID})`)
  })

  it('are written so that they are found again, whatever they are called', () => {
    for (const name of ['a[1].png', 'back\\slash', '[](x)', 'two\nlines', '😀', 'a'.repeat(3_000)]) {
      const [found, ...more] = filesIn(markdownOf(name, `blob:${ID}`, 'image/png'))
      expect(more).toEqual([])
      expect(found).toMatchObject({ id: ID, isPicture: true, words: name.replace('\n', ' ').slice(0, 500) })
    }
    expect(markdownOf('  ', `blob:${ID}`, 'application/pdf')).toBe(`[file](blob:${ID})`)
  })

  it('stand on lines of their own where one follows the other', () => {
    const one = markdownOf('a', `blob:${ID}`, 'image/png')
    expect(partedFrom('words ', one, ' more')).toBe(one)
    expect(partedFrom(`x ${one}`, one, 'more')).toBe(`\n${one}`)
    expect(partedFrom('', one, one)).toBe(`${one}\n`)
  })

  it('are found at once in a long line that only looks like one', () => {
    const begun = performance.now()
    expect(filesIn('!['.repeat(50_000))).toEqual([])
    expect(filesIn(`![${'\\a'.repeat(50_000)}`)).toEqual([])
    expect(performance.now() - begun).toBeLessThan(1_000)
  })
})

describe('what is a picture', () => {
  it('is what a browser shows without running it', () => {
    expect(['image/png', 'IMAGE/JPEG; x=1', 'image/svg+xml', 'text/html', ''].map(isPictureType)).toEqual([true, true, false, false, false])
  })
})

describe('a value', () => {
  it('is a file where it is a reference and nothing more', () => {
    expect([`blob:${ID}`, `blobs/${ID}`, `see blob:${ID}`, 'blob:x', 7, null].map(fileOf)).toEqual([ID, ID, null, null, null, null])
  })
})
