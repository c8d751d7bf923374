/** Where a workspace is: its addresses, made of the link that people get or of that of its socket. No DOM. */
import { FolkmootError } from './failure'

/** A workspace's addresses, and the token that came with them. */
export interface Place { ws: string; socketUrl: string; httpUrl: string; token: string }

const EXPECTED = 'Pass a link to the workspace, `https://HOST/w/WORKSPACE#token=TOKEN`, or the address of its socket, `wss://HOST/ws/WORKSPACE`.'
const PATH = /^(.*)\/(?:w|ws)\/([a-z0-9-]{1,63})\/?$/
const SECURE = ['https:', 'wss:']
const PLAIN = ['http:', 'ws:']

/**
 * The place of a link or a socket's address, under whatever prefix a proxy has it. A `token` that is given counts before
 * that of the link.
 *
 * Throws a `FolkmootError`: `bad_address`, `invitation`, `unauthenticated`.
 */
export function placeOf(link: string, token?: string): Place {
  // A program without its argument has none to pass.
  const said = String(link ?? '')
  const url = URL.canParse(said) ? new URL(said) : null
  const [, prefix = '', ws] = (url && PATH.exec(url.pathname)) ?? []
  if (!url || !ws || ![...SECURE, ...PLAIN].includes(url.protocol)) throw new FolkmootError('bad_address', said ? `“${said.replace(/#.*/, '')}” is no workspace.` : 'No address of a workspace was passed.', EXPECTED)
  const fragment = new URLSearchParams(url.hash.slice(1))
  if (fragment.has('invitation') && !token) {
    throw new FolkmootError('invitation', 'This link is an invitation, which becomes a token when somebody takes it up.', 'Open the link in a browser, and take up the invitation there.')
  }
  const found = token ?? fragment.get('token') ?? ''
  // It travels as a subprotocol, which has letters of its own.
  if (!/^[\w.~+-]*$/.test(found)) throw new FolkmootError('unauthenticated', 'What was passed is no token.', 'Pass the token as it stands in the link, behind `#token=`.')
  const s = SECURE.includes(url.protocol) ? 's' : ''
  return { ws, token: found, socketUrl: `ws${s}://${url.host}${prefix}/ws/${ws}`, httpUrl: `http${s}://${url.host}${prefix}/api/workspaces/${ws}` }
}

/** The subprotocols of a socket: the server's own, and the token. */
export function protocolsOf(token: string): string[] {
  return token ? ['folkmoot', `token.${token}`] : ['folkmoot']
}
