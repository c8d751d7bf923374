// One page an editor, every page with the same yjs: two copies of it in one bundle do not know each other's types.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { build } from 'esbuild'

const pages = {
  codemirror: '<div id="editor"></div>',
  quill: '<div id="editor"></div>',
  tiptap: '<div id="editor"></div>',
  lexical: '<div id="editor"></div>',
  syncedstore: '<p><input id="title" placeholder="title"> <input id="todo" placeholder="to do"></p><textarea id="note" rows="8" cols="80"></textarea><ul id="list"></ul>',
}
const here = (path) => new URL(path, import.meta.url).pathname
await rm(here('dist'), { recursive: true, force: true })
await mkdir(here('dist'))
await build({
  entryPoints: [...Object.keys(pages).map((name) => here(`pages/${name}.js`)), here('pages/style.css')],
  outdir: here('dist'),
  bundle: true,
  format: 'esm',
  target: 'es2022',
  alias: { yjs: here('node_modules/yjs/dist/yjs.mjs') },
  conditions: ['production'],
  define: { 'process.env.NODE_ENV': '"production"' },
  loader: { '.svg': 'dataurl' },
  logLevel: 'warning',
})
for (const [name, body] of Object.entries(pages)) {
  const sheets = ['style', ...(name === 'quill' ? ['quill'] : [])].map((sheet) => `<link rel="stylesheet" href="${sheet}.css">`)
  await writeFile(here(`dist/${name}.html`), `<!doctype html><html lang="en"><meta charset="utf-8"><title>${name}</title><link rel="icon" href="data:,">${sheets.join('')}
<h1>${name}</h1>${body}<script type="module" src="${name}.js"></script></html>\n`)
}
