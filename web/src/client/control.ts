/** Frames of the control channel on a y-websocket socket: type 100, then JSON. No DOM. */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import type { ClientMessage, ServerMessage } from './wire'

/** The y-websocket message type of the control channel. */
export const CONTROL = 100

const SYNC = 0
const SYNC_ASKED = 0

/** A message as a frame of the control channel. */
export function controlFrame(message: ClientMessage): Uint8Array<ArrayBuffer> {
  const encoder = encoding.createEncoder()
  encoding.writeVarUint(encoder, CONTROL)
  encoding.writeVarUint8Array(encoder, new TextEncoder().encode(JSON.stringify(message)))
  return encoding.toUint8Array(encoder) as Uint8Array<ArrayBuffer>
}

/** The message in a frame whose type was read already. The server is believed to speak as `wire.ts` says. */
export function readControl(decoder: decoding.Decoder): ServerMessage {
  return JSON.parse(new TextDecoder().decode(decoding.readVarUint8Array(decoder))) as ServerMessage
}

/** Whether a frame brings the server something of a document: a sync message that does not only ask. */
export function isUpdate(frame: unknown): boolean {
  return frame instanceof Uint8Array && frame[0] === SYNC && frame[1] !== SYNC_ASKED
}

/** Bytes as text that JSON can carry. */
export function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}
