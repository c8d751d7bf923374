import { describe, expect, it } from 'vitest'
import type { Uploaded, UploadOptions } from '../client/upload'
import { FolkmootError } from '../client/folkmoot_error'
import { ValueUpload } from './value_upload'

const there = (name: string): Uploaded => ({ id: name, reference: `blob:${name}`, size: 4, media: '' })
const file = (name: string) => new File(['abcd'], name)

function stage() {
  const sent: { options: UploadOptions; ends: (done: Uploaded) => void; fails: (error: unknown) => void }[] = []
  const set: string[] = []
  const upload = new ValueUpload((_file, options) => new Promise((ends, fails) => sent.push({ options, ends, fails })), () => undefined)
  return { sent, set, upload, bring: (name: string) => upload.bring(file(name), (reference) => set.push(reference)) }
}

describe('a file for a value', () => {
  it('sets it when it is there, and not before', async () => {
    const { sent, set, upload, bring } = stage()
    const done = bring('a')
    sent[0]!.options.onProgress!(3, 4)
    expect([upload.percent, set.length]).toEqual([75, 0])
    sent[0]!.ends(there('a'))
    await done
    expect([upload.percent, upload.said, set]).toEqual([null, '', ['blob:a']])
  })

  it('says what went wrong, and can be tried again', async () => {
    const { sent, set, upload, bring } = stage()
    const done = bring('a')
    sent[0]!.fails(new FolkmootError('blobs_full', 'Full.', 'Ask.'))
    await done
    expect([upload.said, upload.canTryAgain, set]).toEqual(['a is not here. Full. Ask.', true, []])
    upload.again((reference) => set.push(reference))
    sent[1]!.ends(there('a'))
    await expect.poll(() => set).toEqual(['blob:a'])
    expect(upload.canTryAgain).toBe(false)
  })

  it('sets nothing once it was given up, or another came', async () => {
    const { sent, set, upload, bring } = stage()
    const first = bring('a')
    const second = bring('b')
    expect(sent[0]!.options.signal!.aborted).toBe(true)
    sent[0]!.ends(there('a'))
    await first
    upload.cancel()
    sent[1]!.ends(there('b'))
    await second
    expect([set, upload.percent]).toEqual([[], null])
  })
})
