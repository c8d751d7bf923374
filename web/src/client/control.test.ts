import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { describe, expect, it } from 'vitest'
import { writeSyncStep1, writeSyncStep2, writeUpdate } from 'y-protocols/sync'
import * as Y from 'yjs'
import { base64, CONTROL, controlFrame, isUpdate, readControl } from './control'

describe('a frame of the control channel', () => {
  it('begins with its type and comes back as it went', () => {
    const decoder = decoding.createDecoder(controlFrame({ type: 'composing', on: true, scope: [{ doc: 'größe 😀' }] }))
    expect(decoding.readVarUint(decoder)).toBe(CONTROL)
    expect(readControl(decoder)).toEqual({ type: 'composing', on: true, scope: [{ doc: 'größe 😀' }] })
    expect(decoding.hasContent(decoder)).toBe(false)
  })
})

describe('what counts as an update', () => {
  const doc = new Y.Doc()
  const sync = (write: (encoder: encoding.Encoder) => void) => {
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, 0)
    write(encoder)
    return encoding.toUint8Array(encoder)
  }

  it('is what brings something of the document, not what asks for it, nor presence, nor words', () => {
    expect(isUpdate(sync((encoder) => writeUpdate(encoder, Y.encodeStateAsUpdate(doc))))).toBe(true)
    expect(isUpdate(sync((encoder) => writeSyncStep2(encoder, doc)))).toBe(true)
    expect(isUpdate(sync((encoder) => writeSyncStep1(encoder, doc)))).toBe(false)
    expect(isUpdate(new Uint8Array([1, 2]))).toBe(false)
    expect(isUpdate(controlFrame({ type: 'seen', seq: 1 }))).toBe(false)
    expect(isUpdate('text')).toBe(false)
  })
})

describe('bytes in JSON', () => {
  it('are base64', () => {
    expect(base64(new Uint8Array([0, 255, 128]))).toBe('AP+A')
  })
})
