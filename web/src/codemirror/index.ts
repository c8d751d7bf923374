/** What the package exports for CodeMirror: what the page's own editor is made of. */
export { ghostText, ghostsIn, type Ghost } from './ghost_text'
export { lineDirection } from './line_direction'
export { lineEnds, withPlainLineEnds } from './line_ends'
export { sharedText } from './shared_text'
