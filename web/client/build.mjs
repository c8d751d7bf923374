/** Builds the package `folkmoot` of the page's own sources into `dist`: modules with source maps, and their types. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const here = dirname(fileURLToPath(import.meta.url))
const web = dirname(here)
const dist = join(here, 'dist')
const ENTRIES = { index: 'src/client/index.ts', codemirror: 'src/codemirror/index.ts', react: 'src/react/hooks.ts' }

rmSync(dist, { recursive: true, force: true })

const bundle = await rolldown({
  input: Object.fromEntries(Object.entries(ENTRIES).map(([name, path]) => [name, join(web, path)])),
  // What others bring is theirs: two copies of Yjs in one program do not know each other's types.
  external: (id) => !id.startsWith('.') && !id.startsWith(web),
  tsconfig: join(web, 'tsconfig.json'),
})
await bundle.write({ dir: dist, format: 'esm', sourcemap: true, entryFileNames: '[name].js', chunkFileNames: 'shared/[name].js' })
await bundle.close()

execFileSync(process.execPath, [join(web, 'node_modules/typescript/bin/tsc'), '-p', here], { stdio: 'inherit' })
// Node's own resolution takes whole file names; the sources leave the ending out.
for (const path of readdirSync(dist, { recursive: true }).filter((name) => name.endsWith('.d.ts'))) {
  const file = join(dist, path)
  writeFileSync(file, readFileSync(file, 'utf8').replace(/((?:from|import\() ?')(\.\.?\/[^']+)(')/g, '$1$2.js$3'))
}
