/** The last step of the page's build: its pages are made to name their files from where they stand, and all of it is compressed. */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

/** What is text; an image is compressed already. */
const TEXT = /\.(?:html|js|css|svg|json|txt|map|wasm|webmanifest)$/
/** Each page, of which file it is made, and how deep its address is: `/`, `/admin`, `/w/WS`. */
const PAGES = { 'workspace.html': ['index.html', '../'], 'index.html': ['index.html', './'], 'admin.html': ['admin.html', './'] }

/** Every file under a folder. */
function filesIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((found) =>
    found.isDirectory() ? filesIn(join(folder, found.name)) : [join(folder, found.name)])
}

/**
 * Let a page name its files relative to its own address, under whatever prefix a proxy has it: a page at `/w/WS` has them one
 * level higher than one at `/`.
 */
function placed(html, up) {
  const found = html.replaceAll(/(src|href)="\.\/assets\//g, `$1="${up}static/assets/`)
  if (found === html) throw new Error('a page names no file of its own: vite.config.ts must have base "./"')
  return found
}

/**
 * The files that a bundle loads later, each with how the page names them: the editor is asked for at once, beside everything
 * else, the others when there is time. So the page's service worker knows all of them, and opens the page without the server.
 */
function loadedLater(bundle) {
  const chunks = Object.values(bundle).filter((one) => one.type === 'chunk')
  const entry = chunks.find((one) => one.isEntry && /index\.html$/.test(one.facadeModuleId ?? ''))
  if (!entry) throw new Error('no chunk is the beginning of index.html')
  const known = new Map(chunks.map((one) => [one.fileName, one]))
  const reach = (names, found = new Set()) => {
    for (const name of names) if (!found.has(name)) reach(known.get(name)?.imports ?? [], found.add(name))
    return found
  }
  const first = reach([entry.fileName])
  const editor = chunks.find((one) => /documents\/editor\.tsx$/.test(one.facadeModuleId ?? ''))
  if (!editor) throw new Error('the editor is no file of its own')
  const soon = reach([editor.fileName])
  const later = reach([...first].flatMap((name) => known.get(name)?.dynamicImports ?? []))
  return [...later].filter((name) => !first.has(name)).sort()
    .map((name) => `<link rel="${soon.has(name) ? 'modulepreload' : 'prefetch'}" crossorigin href="./${name}" />`)
}

/** Write `x.br` and `x.gz` beside a file where they are smaller. */
function compress(path) {
  const bytes = readFileSync(path)
  const forms = {
    br: brotliCompressSync(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    }),
    // Less memory makes shorter blocks, each with codes of its own: that is smaller, or not, by what is in a file.
    gz: [7, 8, 9].map((memLevel) => gzipSync(bytes, { level: 9, memLevel })).reduce((one, other) => (other.length < one.length ? other : one)),
  }
  for (const [ending, form] of Object.entries(forms)) {
    if (form.length < bytes.length) writeFileSync(`${path}.${ending}`, form)
    else rmSync(`${path}.${ending}`, { force: true })
  }
}

/** The step as a plugin of vite's, for when everything is written. */
export function pack() {
  let folder = ''
  let later = []
  return {
    name: 'folkmoot-pack',
    apply: 'build',
    configResolved: (config) => { folder = join(config.root, config.build.outDir) },
    generateBundle: (_options, bundle) => { later = loadedLater(bundle) },
    closeBundle() {
      const written = Object.entries(PAGES).map(([page, [made, up]]) => {
        const html = readFileSync(join(folder, made), 'utf8')
        return [page, placed(page === 'workspace.html' ? html.replace('</head>', `  ${later.join('\n    ')}\n  </head>`) : html, up)]
      })
      for (const [page, html] of written) writeFileSync(join(folder, page), html)
      for (const path of filesIn(folder)) if (TEXT.test(path) && statSync(path).size) compress(path)
    },
  }
}
