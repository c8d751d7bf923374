// Pages without a screen: the client library of the page, as it is in web/src/client, on stock providers; driven by JSON lines.
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const web = createRequire(join(here, '../../web/package.json'))
const { rolldown } = await import(pathToFileURL(join(dirname(web.resolve('rolldown/package.json')), 'dist/index.mjs')))
const WebSocket = createRequire(join(here, '../stock/package.json'))('ws')

const folder = mkdtempSync(join(tmpdir(), 'late-'))
const entry = join(here, '../../web/src/client/index.ts')
const source = `export { attach } from ${JSON.stringify(entry)}\nexport { WebsocketProvider } from 'y-websocket'\nexport * as Y from 'yjs'\n`
// Beside the library, so that it finds the packages that the page is built with.
const pagesFile = join(here, '../../web/src/client/pages.js')
const bundle = await rolldown({
  input: pagesFile,
  platform: 'node',
  plugins: [{ name: 'pages', resolveId: (id) => (id === pagesFile ? id : null), load: (id) => (id === pagesFile ? source : null) }],
})
await bundle.write({ file: join(folder, 'pages.mjs'), format: 'esm' })
const { attach, WebsocketProvider, Y } = await import(pathToFileURL(join(folder, 'pages.mjs')))
rmSync(folder, { recursive: true })

const pages = new Map()
const LIVE = new Set(['parked', 'queued', 'planning', 'ready', 'held'])

/** What the page shows of instructions and questions, and whether it has been told all up to now. */
function shown(room) {
  const live = [...room.intents.values()].filter((intent) => !intent.verdict)
  const views = [...room.intents.values()].filter((intent) => intent.kind !== 'answer' && intent.kind !== 'cancel')
  const plain = ({ mine, decision, ...view }) => (view.verdict || view.state === 'ready' ? view : { ...view, summary: '' })
  return {
    head: room.head,
    boards: room.boards,
    strays: live.filter((intent) => !LIVE.has(intent.state)).map((intent) => intent.id),
    intents: Object.fromEntries(views.sort((a, b) => a.seq - b.seq).map((view) => [view.id, plain(view)])),
    questions: Object.fromEntries([...room.questions].map(([id, { type, ...question }]) => [id, { ...question, mayAnswer: room.mayAnswer(question), answers: Object.fromEntries(room.answers.get(id) ?? []) }])),
    steps: Object.fromEntries(room.steps),
    drafts: [...room.drafts].map(([key, { doc, text }]) => [key, doc, text]).sort(),
    composing: [...room.composing.values()].sort(),
  }
}

const commands = {
  open: ({ page, url, doc, token, from }) => {
    const provider = new WebsocketProvider(url, doc, new Y.Doc(), { WebSocketPolyfill: WebSocket, protocols: ['folkmoot', `token.${token}`], disableBc: true })
    pages.set(page, { provider, room: attach(provider, { doc, from, key: page }) })
  },
  shown: ({ page }) => shown(pages.get(page).room),
  close: ({ page }) => {
    pages.get(page).provider.destroy()
    pages.delete(page)
  },
  compose: ({ page }) => pages.get(page).room.compose(),
  discard: ({ page }) => pages.get(page).room.discard(),
}
createInterface({ input: process.stdin }).on('line', (line) => {
  const { do: name, ...rest } = JSON.parse(line)
  console.log(JSON.stringify(commands[name](rest) ?? null))
})
console.log('ready')
