import { describe, expect, it } from 'vitest'
import { asKind, readAddition, readField, readNumber, readTyped, wellFormed } from './value_reading'

const field = (value: unknown, text: string): unknown => {
  const reading = readField(value, text)
  return 'refused' in reading ? reading : reading.value
}

describe('a number', () => {
  it.each<[string, number | bigint | null]>([
    ['0', 0], ['-1.5', -1.5], ['1.50', 1.5], ['15e-1', 1.5], ['0.1', 0.1], ['1e20', 1e20], ['9007199254740992', 2 ** 53], ['9007199254740993', 9007199254740993n],
    ['-9223372036854775808', -(2n ** 63n)], ['9223372036854775807', 2n ** 63n - 1n], ['9223372036854775808', null], ['12345678901234567890', null],
    ['3.14159265358979323846', null], ['1e400', null], ['1e-400', null], ['007', null], ['+7', null], ['', null], ['NaN', null], ['0x10', null], ['1_000', null],
    [`1${'0'.repeat(500)}`, null], ['5e-324', 5e-324], ['1.7976931348623157e308', 1.7976931348623157e308],
  ])('is what is typed to the last digit, or none: %s', (text, number) => {
    expect(readNumber(text)).toBe(number)
  })

  it('that is zero keeps its sign', () => {
    expect(Object.is(readNumber('-0'), -0)).toBe(true)
  })

  it.each(Array.from({ length: 300 }, (_, seed) => seed))('is itself when it is typed as it is shown (seed %i)', (seed) => {
    const view = new DataView(new ArrayBuffer(8))
    view.setUint32(0, Math.imul(seed + 1, 2_654_435_761))
    view.setUint32(4, Math.imul(seed + 7, 40_503))
    const number = view.getFloat64(0)
    const read = Number.isFinite(number) ? readField(1, String(number)) : { value: number }
    expect(read).toEqual({ value: number })
    const big = view.getBigInt64(0)
    expect(field(1n, String(big))).toBe(big)
  })
})

describe('what is typed', () => {
  it('is JSON where it is that, with all its digits, else words', () => {
    expect(readTyped('{"a": [12345678901234567890, 9007199254740993, 1e400, "12", true]}')).toEqual({ a: ['12345678901234567890', 9007199254740993n, '1e400', '12', true] })
    expect([readTyped('"7"'), readTyped('7'), readTyped('007'), readTyped('many'), readTyped('[1'), readTyped(''), readTyped('null')]).toEqual(['7', 7, '007', 'many', '[1', '', null])
    expect(readTyped('"a\\u0041\\"n1"')).toBe('aA"n1')
  })

  it('has names as they are, also those that JavaScript has a meaning for', () => {
    const read = readTyped('{"__proto__": 1, "constructor": 2, "": 3, "a.b": 4}') as object
    expect(Object.entries(read)).toEqual([['__proto__', 1], ['constructor', 2], ['', 3], ['a.b', 4]])
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype)
  })

  it('may be one of the forms that the HTTP API has', () => {
    expect(readTyped('[{"~bytes": "AAH/"}, {"~number": "-Infinity"}, {"~bigint": "9007199254740993"}, {"~~bytes": "a"}, {"~xml": "<p></p>"}]')).toEqual([
      new Uint8Array([0, 1, 255]), -Infinity, 9007199254740993n, { '~bytes': 'a' }, { '~xml': '<p></p>' },
    ])
    expect([readTyped('{"~number": "toString"}'), readTyped('{"~bigint": "9223372036854775808"}')]).toEqual([{ '~number': 'toString' }, { '~bigint': '9223372036854775808' }])
  })

  it('has no half characters', () => {
    expect([wellFormed('a\ud83d'), wellFormed('\ude00b'), wellFormed('😀'), wellFormed('\ude00\ud83d')]).toEqual(['a\ufffd', '\ufffdb', '😀', '\ufffd\ufffd'])
  })
})

describe('a field', () => {
  it('keeps words words', () => {
    expect([field('a', 'true'), field('a', '[1]'), field('7', '12'), field('a', '"7"'), field('a', '2027-04-01'), field('a', '')]).toEqual(['true', '[1]', '12', '"7"', '2027-04-01', ''])
    expect([field('', '12'), field('', 'many')]).toEqual([12, 'many'])
  })

  it('keeps a kind that what is typed can be, else takes the typed one', () => {
    expect([field(1, 'true'), field(1, '[1]'), field(1, 'many'), field(true, ''), field(null, '5'), field(1, '"7"')]).toEqual([true, [1], 'many', '', 5, '7'])
    expect([field(1, 'Infinity'), field(1, ' NaN '), field(1, 'toString')]).toEqual([Infinity, NaN, 'toString'])
    expect([field(2n ** 60n, '5'), field(2n ** 60n, 'x'), field(1, '9007199254740993')]).toEqual([5n, 'x', 9007199254740993n])
    expect([field(new Uint8Array(1), 'AAH/'), field(new Uint8Array(1), 'nope!')]).toEqual([new Uint8Array([0, 1, 255]), expect.objectContaining({ refused: expect.stringContaining('base64') })])
  })

  it('says where a number is kept as text, and what nests too deep', () => {
    expect(readField(1, '12345678901234567890')).toEqual({ value: '12345678901234567890', note: expect.stringContaining('all its digits') })
    expect(readField(1, '7')).toEqual({ value: 7 })
    expect(readField(1, '['.repeat(33) + ']'.repeat(33))).toEqual({ refused: expect.stringContaining('32') })
    expect(readField(1, '['.repeat(32) + ']'.repeat(32))).toHaveProperty('value')
  })
})

describe('another kind', () => {
  const as = (value: unknown, kind: Parameters<typeof asKind>[1]): unknown => {
    const reading = asKind(value, kind)
    return 'refused' in reading ? 'refused' : reading.value
  }

  it('has the same value, where it can', () => {
    expect([as(7, 'text'), as('007', 'text'), as(2n ** 60n, 'text'), as(null, 'text'), as(undefined, 'text'), as(-0, 'text')]).toEqual(['7', '007', '1152921504606846976', '', '', '-0'])
    expect([as('7', 'number'), as('', 'number'), as(7n, 'number'), as('NaN', 'number'), as(' 7 ', 'number')]).toEqual([7, 0, 7, NaN, 7])
    expect([as('007', 'number'), as(2n ** 60n, 'number'), as('many', 'number'), as('12345678901234567890', 'number'), as('toString', 'number')]).toEqual(Array(5).fill('refused'))
    expect([as(7, 'big number'), as('9007199254740993', 'big number'), as(-0, 'big number'), as(1.5, 'big number'), as('12345678901234567890', 'big number')]).toEqual([7n, 9007199254740993n, 0n, 'refused', 'refused'])
    expect([as('true', 'yes or no'), as(0, 'yes or no'), as('maybe', 'yes or no'), as(null, 'yes or no')]).toEqual([true, false, 'refused', false])
    expect([as('AAH/', 'bytes'), as('hm', 'bytes'), as(new Uint8Array([0, 1, 255]), 'text')]).toEqual([new Uint8Array([0, 1, 255]), 'refused', 'AAH/'])
    expect([as('', 'list'), as('[1]', 'list'), as('{"a": 1}', 'object'), as('', 'object'), as('[1]', 'object'), as('x', 'nothing'), as('x', 'XML')]).toEqual([[], [1], { a: 1 }, {}, 'refused', null, 'refused'])
  })
})

describe('what is added', () => {
  it('has a name and a value, an empty text where none is given', () => {
    expect(readAddition(' food = 350 ')).toEqual({ name: 'food', reading: { value: 350 } })
    expect(readAddition('note = a = b')).toEqual({ name: 'note', reading: { value: 'a = b' } })
    expect(readAddition('list=["a=b"]')).toEqual({ name: 'list', reading: { value: ['a=b'] } })
    expect([readAddition('name'), readAddition('name =')]).toEqual(Array(2).fill({ name: 'name', reading: { value: '' } }))
    expect([readAddition(''), readAddition(' = 5')]).toEqual([null, null])
  })

  it('has any name in quotes', () => {
    expect(readAddition('"" = 1')).toEqual({ name: '', reading: { value: 1 } })
    expect(readAddition('"a=b" = 1')).toEqual({ name: 'a=b', reading: { value: 1 } })
    expect(readAddition('"7"')).toEqual({ name: '7', reading: { value: '' } })
    expect(readAddition('"a" b = 1')).toEqual({ name: '"a" b', reading: { value: 1 } })
  })
})
