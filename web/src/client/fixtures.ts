/** What the tests of the page are told by a server that is not there: records, views, questions, rooms without a socket. */
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import type { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import type { Store } from './lane'
import type { IntentView } from './log_view'
import { AskingRoom } from './asking_room'
import { attach } from './attach'
import type { Room } from './room'
import type { Bodies, ClientMessage, LogRecord, QuestionMessage, RecordKind, Role, ServerMessage } from './wire'

type Handler = (encoder: unknown, decoder: decoding.Decoder) => void

/** A record of the log; of its body only what the test is about. */
export function recordOf<Kind extends RecordKind>(seq: number, kind: Kind, actor: string, body: Partial<Bodies[Kind]>): LogRecord {
  return { type: 'record', seq, epoch: 1, kind, at: '', actor, prev: '', hash: '', body } as unknown as LogRecord
}

/** An instruction on the board. */
export function viewOf(id: string, more: Partial<IntentView> = {}): IntentView {
  return {
    id, seq: 1, at: '', actor: 'Ana', role: 'editor', mine: false, kind: 'do', text: id, seen: 0, refs: [],
    state: 'queued', reason: '', waitsFor: [], summary: '', ...more,
  }
}

/** A question that is open. */
export function questionOf(id: string, group: string[], more: Partial<QuestionMessage> = {}): QuestionMessage {
  return { type: 'question', id, group, text: '', options: [], deadline: 9e9, default: '', evidence: {}, because: '', ...more }
}

/** A store that forgets with its test. */
export function storeOf(kept = new Map<string, string>()): Store {
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  }
}

/** Tell a room something as a frame of the control channel. */
export function teller(handlers: Record<number, Handler>): (message: object) => void {
  return (message) => {
    const encoder = encoding.createEncoder()
    encoding.writeVarUint8Array(encoder, new TextEncoder().encode(JSON.stringify(message)))
    handlers[100]!(null, decoding.createDecoder(encoding.toUint8Array(encoder)))
  }
}

/** A room on a provider without a socket, welcomed, and how to tell it something. */
export function silentRoom(actor: string, role: Role) {
  const handlers: Record<number, Handler> = {}
  const provider = { messageHandlers: handlers, on: () => undefined, doc: new Y.Doc(), wsconnected: false, ws: null, roomname: 'plan', url: 'u' }
  const room: Room = attach(provider as unknown as WebsocketProvider)
  const tell = teller(handlers)
  let seq = 0
  const record = <Kind extends RecordKind>(kind: Kind, by: string, body: Partial<Bodies[Kind]>) => tell(recordOf(++seq, kind, by, body))
  tell({ type: 'welcome', lane: 'L', secret: 's', n: 0, seq: 0, epoch: 1, actor, role, server: '' })
  const intent = (id: string, by: string, as: Role, more: Partial<Bodies['intent']> = {}) =>
    record('intent', by, { id, lane: by, n: 1, kind: 'do', text: id, seen: 0, vc: {}, role: as, ...more })
  return { room, tell, record, intent, seq: () => seq }
}

/** A room on a carrier that keeps what is sent, welcomed where it is open, and how the server speaks, answers and closes. */
export function spokenRoom(kept = new Map<string, string>(), isOpen = true) {
  const room = new AskingRoom({ store: storeOf(kept), key: 'lane' })
  const sent: ClientMessage[] = []
  const carrier = { isOpen, connect: () => undefined, disconnect: () => undefined, send: (message: ClientMessage) => void sent.push(message) }
  room.speakOn(carrier)
  const tell = (message: Partial<ServerMessage> & Pick<ServerMessage, 'type'>) => room.carrierTold(message as ServerMessage)
  let seq = 0
  const record = <Kind extends RecordKind>(kind: Kind, by: string, body: Partial<Bodies[Kind]>) => room.carrierTold(recordOf(++seq, kind, by, body))
  const welcome = (n = 0) => tell({ type: 'welcome', lane: 'L', secret: 's', n, seq, epoch: 1, actor: 'Ana', role: 'editor', server: '', protocol: 1 })
  if (isOpen) welcome()
  const connect = (n = 0) => {
    carrier.isOpen = true
    room.carrierOpened()
    welcome(n)
  }
  const close = (code = 1006, reason = '') => {
    carrier.isOpen = false
    room.carrierClosed({ code, reason })
  }
  const intents = () => sent.filter((message) => message.type === 'intent')
  /** The server enters an intent: its record, then the answer. */
  const enter = (n: number, more: Partial<Bodies['intent']> = {}) => {
    const id = `i${seq + 1}`
    record('intent', 'Ana', { id, lane: 'L', n, kind: 'do', text: '', seen: 0, vc: {}, role: 'editor', ...more })
    tell({ type: 'ack', n, id, seq, state: 'queued' })
    return id
  }
  return { room, sent, tell, record, welcome, connect, close, intents, enter, kept }
}
