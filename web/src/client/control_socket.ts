/** The plain-JSON socket of a workspace: the control channel alone, made again whenever it ends. No DOM but `WebSocket`. */
import type { Carrier, CarrierEvents } from './carrier'
import { isFinal } from './close_codes'
import type { ClientMessage, ServerMessage } from './wire'

const FIRST_WAIT_MS = 200
const WAIT_MAX_MS = 2_500
/** The server pings every 20 s, which a page does not see; who has sent something and hears nothing asks anew. */
const OPENING_MS = 10_000

export class ControlSocket implements Carrier {
  private socket: WebSocket | null = null
  private tries = 0
  private timer: ReturnType<typeof setTimeout> | undefined
  private isWanted = false

  /** `protocols` is asked at each connection: a token may be another by then. */
  constructor(
    private readonly url: string,
    private readonly protocols: () => string[],
    private readonly events: CarrierEvents,
    private readonly Socket: typeof WebSocket = WebSocket,
  ) {}

  get isOpen(): boolean {
    return this.socket?.readyState === 1
  }

  connect(): void {
    this.isWanted = true
    clearTimeout(this.timer)
    if (!this.socket) this.open()
  }

  disconnect(): void {
    this.isWanted = false
    clearTimeout(this.timer)
    this.drop(null)
  }

  send(message: ClientMessage): void {
    if (this.isOpen) this.socket?.send(JSON.stringify(message))
  }

  /** Begin anew at once: the network came back, or nothing is heard. */
  again(): void {
    if (!this.isWanted) return
    this.tries = 0
    this.drop(null)
  }

  private open(): void {
    const socket = (this.socket = new this.Socket(this.url, this.protocols()))
    // Its close says it, too; in node nobody may be without an ear for it.
    socket.onerror = () => undefined
    // A connection that is neither made nor refused is given up.
    this.timer = setTimeout(() => this.socket === socket && socket.readyState === 0 && this.drop(null), OPENING_MS)
    socket.onopen = () => {
      clearTimeout(this.timer)
      this.events.carrierOpened()
    }
    socket.onmessage = ({ data }) => {
      if (this.socket !== socket) return
      this.tries = 0
      this.events.carrierTold(JSON.parse(data as string) as ServerMessage)
    }
    socket.onclose = (event) => this.socket === socket && this.drop(event)
    this.made(socket)
  }

  /** A socket was made, and is the one of now. */
  protected made(_socket: WebSocket): void {}

  private drop(event: CloseEvent | null): void {
    const { socket } = this
    if (socket) {
      this.socket = null
      socket.onopen = socket.onmessage = socket.onclose = null
      socket.close()
      if (event && isFinal(event.code)) this.isWanted = false
      this.events.carrierClosed(event)
    }
    clearTimeout(this.timer)
    if (!this.isWanted || this.socket) return
    this.timer = setTimeout(() => this.isWanted && !this.socket && this.open(), Math.min(FIRST_WAIT_MS * 2 ** this.tries, WAIT_MAX_MS))
    this.tries += 1
  }
}
