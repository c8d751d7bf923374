import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { BYTES_SHOWN_MAX, excerptOf, fieldOf, fromBase64, hasParts, kindOf, valueKindWords, namesOf, partNamed, SHOWN_MAX, toBase64, sharedWords } from './value_kinds'

/** A value after it was sent: as another replica reads it. */
function sent(value: unknown): unknown {
  const [one, other] = [new Y.Doc(), new Y.Doc()]
  one.getMap('data').set('value', value)
  Y.applyUpdate(other, Y.encodeStateAsUpdate(one))
  return other.getMap('data').get('value')
}

describe('a value is shown as what it is', () => {
  it.each([
    ['text', 'a "b"', 'a "b"'], ['number', 3, '3'], ['number', -0, '-0'], ['number', NaN, 'NaN'], ['number', Infinity, 'Infinity'], ['number', 1e300, '1e+300'],
    ['big number', 2n ** 62n, '4611686018427387904'], ['yes or no', true, 'true'], ['nothing', null, 'null'], ['undefined', undefined, 'undefined'],
    ['bytes', new Uint8Array([0, 1, 255]), 'AAH/'], ['shared text', new Y.Text('words'), 'words'], ['shared text', new Y.XmlText('xml'), 'xml'],
    ['XML', new Y.XmlElement('p'), '<p></p>'], ['list', [1], ''], ['object', { a: 1 }, ''], ['list', Y.Array.from([1]), ''], ['object', new Y.Map(), ''],
    ['object', new Date(0), ''],
  ])('%s %o', (kind, value, field) => {
    const stored = sent(value)
    expect([kindOf(stored), fieldOf(stored)]).toEqual([kind, field])
    expect(hasParts(stored)).toBe(kind === 'list' || kind === 'object')
  })

  it('with its size', () => {
    expect([valueKindWords(new Uint8Array(3)), valueKindWords([1, 2]), valueKindWords({ a: 1 }), valueKindWords('a'), valueKindWords('a'.repeat(12_345))]).toEqual(['bytes, 3', 'list, 2', 'object, 1', 'text', 'text, 12,345'])
  })

  it('in part where it is long, without half a character', () => {
    expect(excerptOf('short')).toEqual({ text: 'short', isWhole: true })
    const long = excerptOf(`${'a'.repeat(SHOWN_MAX - 1)}😀`)
    expect([long.isWhole, long.text.length]).toEqual([false, SHOWN_MAX - 1])
    expect([excerptOf(new Uint8Array(BYTES_SHOWN_MAX)).isWhole, excerptOf(new Uint8Array(BYTES_SHOWN_MAX + 1)).isWhole]).toEqual([true, false])
  })

  it('an embed among words as one place', () => {
    const text = new Y.Doc().getText('t')
    text.insert(0, 'ab')
    text.insertEmbed(1, { image: 'x' })
    expect(sharedWords(text)).toBe('a\ufffcb')
  })
})

describe('a name that JavaScript has a meaning for', () => {
  it('is one like others, where Yjs has it', () => {
    const value = sent(JSON.parse('{"__proto__": {"a": 1}, "constructor": 2, "b": 3}').constructor === 2 ? { c: JSON.parse('{"__proto__": {"a": 1}, "constructor": 2, "b": 3}') } : null) as { c: object }
    expect(namesOf(value.c).sort()).toEqual(['__proto__', 'b', 'constructor'])
    expect([partNamed(value.c, '__proto__'), partNamed(value.c, 'constructor'), partNamed(value.c, 'toString')]).toEqual([{ a: 1 }, 2, undefined])
    expect([namesOf({}), partNamed({}, '__proto__')]).toEqual([[], undefined])
  })
})

describe('base64', () => {
  it('goes there and back, and nothing else is taken for it', () => {
    const bytes = Uint8Array.from({ length: 20_000 }, (_, at) => at % 256)
    expect(fromBase64(toBase64(bytes))).toEqual(bytes)
    expect([fromBase64('AAH/'), fromBase64(' AA== '), fromBase64('')]).toEqual([new Uint8Array([0, 1, 255]), new Uint8Array([0]), new Uint8Array()])
    expect([fromBase64('AA'), fromBase64('AB=='), fromBase64('%'), fromBase64('A A=')]).toEqual([null, null, null, null])
  })
})
