/** Where the files of an open workspace are. No DOM. */
import type { WebsocketProvider } from 'y-websocket'
import type { FilePlace } from './transfer'

/** Where the files of a provider's workspace are, with the token that its next connection would have. */
export function placeOfProvider({ serverUrl, protocols }: Pick<WebsocketProvider, 'serverUrl' | 'protocols'>): FilePlace {
  const token = protocols.find((one) => one.startsWith('token.'))?.slice('token.'.length) ?? ''
  return { httpUrl: serverUrl.replace(/^ws(.*)\/ws\/([^/]+)$/, 'http$1/api/workspaces/$2'), token }
}
