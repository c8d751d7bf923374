/** The client library, as the package exports it. */
export { attach } from './attach'
export { ControlSocket } from './control_socket'
export { DocumentLink } from './document_link'
export type { Away, DraftView, EffectView, IntentCost, IntentView } from './log_view'
export { addressOf, byId } from './names'
export type { Refused, Unsent } from './refused'
export { Room } from './room'
