import { describe, expect, it } from 'vitest'
import { base, keyOf, prefixOf } from './base'

describe('where the server is', () => {
  it('is what stands before the files of the page', () => {
    const prefixes = ['', '/moot', '/a/b', '/static/assets/x'].map((prefix) => prefixOf(`https://h.example:8443${prefix}/static/assets/index-abc.js?x=/static/assets/`))
    expect(prefixes).toEqual(['', '/moot', '/a/b', '/static/assets/x'])
  })

  it('is the root where a script came from elsewhere, as in a test', () => {
    expect(prefixOf('file:///a/web/src/page/base.ts')).toBe('')
    expect(base).toBe('')
  })

  it('keeps the keys of two servers of one origin apart, and those of a server without a prefix as they were', () => {
    expect(keyOf('demo')).toBe('folkmoot:demo')
    expect(keyOf('demo', '/moot')).toBe('folkmoot:/moot/demo')
    expect(new Set(['', '/a', '/b'].map((prefix) => keyOf('demo', prefix))).size).toBe(3)
  })
})
