/**
 * Where the server is: what a proxy has put before all of its paths. Nobody tells the page; it knows the address of its own script,
 * which is the server's, with whatever prefix the browser has come by.
 */

const SCRIPTS = '/static/assets/'

/** The prefix, without a slash at its end, by the address of a script of the page; empty where there is none. */
export function prefixOf(script: string): string {
  const { pathname } = new URL(script)
  const end = pathname.lastIndexOf(SCRIPTS)
  return end < 0 ? '' : pathname.slice(0, end)
}

/** What stands before `/api`, `/ws`, `/w/` and `/admin` in every address of this server. */
export const base = prefixOf(import.meta.url)

/** How the keys of a workspace in a browser's stores begin: another server may be beside this one, under another prefix. */
export function keyOf(ws: string, prefix = base): string {
  return `folkmoot:${prefix ? `${prefix}/` : ''}${ws}`
}
