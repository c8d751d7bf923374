import { describe, expect, it } from 'vitest'
import { FileWidget, remember, pictureSize, type FileSource } from './file_widget'

const source: FileSource = { read: () => new Promise(() => undefined), save: async () => undefined, onBack: () => () => undefined }

describe('a file in the text', () => {
  it('is drawn anew only where it is another one', () => {
    const named = { from: 0, to: 9, id: 'sha256-1', words: 'boots', isPicture: true }
    const widget = new FileWidget(named, source)
    expect(widget.eq(new FileWidget({ ...named, from: 5, to: 14 }, source))).toBe(true)
    for (const other of [{ id: 'sha256-2' }, { words: 'shoes' }, { isPicture: false }]) expect(widget.eq(new FileWidget({ ...named, ...other }, source))).toBe(false)
  })

  it('has the room of its size once that is known; the oldest are forgotten', () => {
    for (let at = 0; at < 1_500; at += 1) remember(`id${at}`, at, 2)
    expect(pictureSize('id1499')).toEqual([1499, 2])
    expect(pictureSize('id0')).toBeNull()
  })
})
