/**
 * Opens the page where the server cannot be reached: the page itself as it was last, and its files, whose names change with
 * what is in them. Nothing of a workspace passes here; what people write is kept by the page (`src/session/`).
 */
const CACHE = 'folkmoot-page-1'
/** How long the server may take to answer before the page opens as it was. */
const PATIENCE_MS = 4_000
const base = self.registration.scope.replace(/\/$/, '')

/** Under which name a page is kept: every workspace opens the same one. Null for what is none of them. */
function pageOf(address) {
  const path = new URL(address).pathname.slice(new URL(base).pathname.replace(/\/$/, '').length)
  if (path.startsWith('/w/')) return `${base}/w/`
  return path === '/' || path === '' ? `${base}/` : null
}

/** The page from the server, and kept; as it was last where the server does not answer. */
async function openPage(request, name) {
  const cache = await caches.open(CACHE)
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) })
    if (answer.ok && !answer.redirected) await keep(cache, name, answer.clone())
    return answer
  } catch (error) {
    const kept = await cache.match(name)
    if (kept) return kept
    throw error
  }
}

/**
 * Keep a page and the files that it names. Those without which it does not open come before the page itself, so that a page
 * is never kept without them; what it loads later comes behind, and is asked for again when it is not there.
 */
async function keep(cache, name, answer) {
  const html = await answer.clone().text()
  const tags = [...html.matchAll(/<(?:script|link)\b[^>]*?(?:src|href)="([^"]*\/static\/assets\/[^"]+)"/g)]
  const files = tags.map(([tag, address]) => ({ address: new URL(address, answer.url).href, isLater: tag.includes('"prefetch"') }))
  const bring = async ({ address }) => (await cache.match(address)) ?? cache.add(address)
  await Promise.all(files.filter(({ isLater }) => !isLater).map(bring))
  await cache.put(name, answer)
  await Promise.allSettled(files.filter(({ isLater }) => isLater).map(bring))
  await letGo(cache)
}

/** Let go of files that no page names any more: each release brings new ones. */
async function letGo(cache) {
  const pages = await Promise.all([`${base}/`, `${base}/w/`].map((name) => cache.match(name)))
  const named = (await Promise.all(pages.map((page) => page?.text() ?? ''))).join()
  for (const { url } of await cache.keys()) {
    const file = url.slice(url.lastIndexOf('/') + 1)
    if (url.startsWith(`${base}/static/assets/`) && !named.includes(file)) await cache.delete(url)
  }
}

/** A file of the page: what has its name is what it holds. */
async function fileOf(request) {
  const cache = await caches.open(CACHE)
  const kept = await cache.match(request.url)
  if (kept) return kept
  const answer = await fetch(request)
  if (answer.ok) await cache.put(request.url, answer.clone())
  return answer
}

self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', (event) => {
  const others = caches.keys().then((names) => Promise.all(names.filter((name) => name.startsWith('folkmoot-page-') && name !== CACHE).map((name) => caches.delete(name))))
  event.waitUntil(Promise.all([others, self.clients.claim().then(keepOpenPages)]))
})

/** The pages that are open already came before this worker did: they are kept as well. */
async function keepOpenPages() {
  const cache = await caches.open(CACHE)
  for (const { url } of await self.clients.matchAll({ type: 'window' })) {
    const name = pageOf(url)
    if (!name || (await cache.match(name))) continue
    const answer = await fetch(url.split('#')[0]).catch(() => null)
    if (answer?.ok) await keep(cache, name, answer)
  }
}

self.addEventListener('fetch', (event) => {
  const { request } = event
  if (request.method !== 'GET' || new URL(request.url).origin !== self.location.origin) return
  const name = request.mode === 'navigate' ? pageOf(request.url) : null
  if (name) event.respondWith(openPage(request, name))
  else if (request.url.startsWith(`${base}/static/assets/`)) event.respondWith(fileOf(request))
})
