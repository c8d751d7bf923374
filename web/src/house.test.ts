import { describe, expect, it } from 'vitest'

/** The sources of the page by path. */
const SOURCES = import.meta.glob<string>('./**/*.{ts,tsx}', { query: '?raw', import: 'default', eager: true })
const MODULES = Object.keys(SOURCES).filter((path) => !path.endsWith('.test.ts') && !path.endsWith('/fixtures.ts'))
/** What a module does, without what it says about it. */
const CODE = Object.fromEntries(Object.entries(SOURCES).map(([path, source]) => [path, source.replace(/\/\*[^]*?\*\/|\/\/[^\n]*/g, '')]))
/** What has nothing to decide: types alone, and what is read of the browser at once. */
const WITHOUT_LOGIC = ['./client/carrier.ts', './client/index.ts', './page/tab_surroundings.ts', './client/evidence.ts', './client/refused.ts', './client/wire.ts', './codemirror/index.ts', './page/session.ts']
const LINES_MAX = 450

/** All that a module declares at its top: types, classes, functions, components, constants that are exported. */
function declaredIn(source: string): string[] {
  return [...source.matchAll(/^(?:export )?(?:abstract )?(?:class|interface|type|(?:async )?function) (\w+)|^export const (\w+)/gm)].map((found) => found[1] ?? found[2]!)
}

describe('the sources of the page', () => {
  it('are found', () => {
    expect(MODULES.length).toBeGreaterThan(40)
  })

  it.each(MODULES.filter((path) => path.endsWith('.ts') && !WITHOUT_LOGIC.includes(path)))('%s has a test of its name', (path) => {
    expect(SOURCES[path.replace(/\.ts$/, '.test.ts')]).toBeDefined()
  })

  it.each(MODULES.filter((path) => path.endsWith('.tsx')))('%s exports components and their types, no logic', (path) => {
    for (const [, name] of SOURCES[path]!.matchAll(/^export (?:async )?(?:function|const|class) (\w+)/gm)) expect(name).toMatch(/^[A-Z]/)
  })

  it.each(MODULES)('%s says first what it is for, and stays readable', (path) => {
    expect(SOURCES[path]).toMatch(/^\/\*\*/)
    if (path !== './client/wire.ts') expect(SOURCES[path]!.split('\n').length).toBeLessThanOrEqual(LINES_MAX)
  })

  it.each(MODULES)('%s takes nothing for anything', (path) => {
    expect(CODE[path]!.match(/(?::|\bas|<|\|) ?any\b|@ts-|as unknown as/g)).toBeNull()
  })

  it.each(MODULES.filter((path) => path.startsWith('./client/')))('%s knows nothing of a page', (path) => {
    expect(CODE[path]!.match(/from '(?:\.\.\/|preact)|\b(?:window|document|location)\./g)).toBeNull()
  })

  it.each(MODULES.filter((path) => /^\.\/(?:codemirror|react)\//.test(path)))('%s stands on the client library alone, as the package does', (path) => {
    expect(CODE[path]!.match(/from '\.\.\/(?!client\/)|preact/g)).toBeNull()
  })

  it('have one name for one thing', () => {
    const found = new Map<string, string[]>()
    for (const path of MODULES) for (const name of declaredIn(SOURCES[path]!)) found.set(name, [...(found.get(name) ?? []), path])
    expect([...found].filter(([, paths]) => paths.length > 1)).toEqual([])
  })
})
