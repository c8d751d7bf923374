/**
 * Documents' names in addresses: encoded once here, decoded once by the server. No DOM.
 *
 * y-websocket joins its room name raw into the address, so a name goes in as `addressOf(name)`.
 */

/** A document's name as part of an address: each part between slashes encoded. */
export function addressOf(name: string): string {
  return name.split('/').map(encodeURIComponent).join('/')
}

/** The document that a y-websocket room name opens: what is left of it in an address, decoded as the server does. */
export function documentOf(roomname: string): string {
  const path = new URL(`ws://host/${roomname}`).pathname.slice(1)
  const decoded = path.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
    const bytes = run.slice(1).split('%').map((hex) => parseInt(hex, 16))
    return new TextDecoder().decode(new Uint8Array(bytes))
  })
  return decoded.normalize('NFC')
}

/** What an address names a document by that may be called otherwise any moment: its id in the log. */
export function byId(id: string): string {
  return `_id/${id}`
}

/** The name under which a document was made, from its id. */
export function madeAs(id: string): string {
  return id.replace(/\/_\d+$/, '')
}

/** Why a name cannot even be sent: an address would lose a part of it, and mean another document. Empty where it can. */
export function problemOf(name: string): string {
  const parts = name.split('/')
  if (parts.includes('')) return 'A name does not begin or end with “/”, nor has two of them in a row.'
  if (parts.includes('.') || parts.includes('..')) return 'A part of a name is not “.” or “..”: addresses leave it out.'
  if (/\p{Surrogate}/u.test(name)) return 'A name holds no half of a character.'
  return ''
}

/** The documents whose names stand in an instruction, outside of what it quotes: its author points at them, too. */
export function namedIn(words: string, names: Iterable<string>): string[] {
  const said = words.replace(/"[^"]*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»/g, ' ')
  return [...names].filter((name) => {
    const plain = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    return new RegExp(`(?<![\\p{L}\\p{N}_])${plain}(?![\\p{L}\\p{N}_])`, 'iu').test(said)
  })
}
