/** The socket of a workspace where pings are seen, as in node: one without them is dead, though nobody has closed it. No DOM but `WebSocket`. */
import { ControlSocket } from './control_socket'

/** The server pings every 20 s. */
const PINGLESS_MS = 50_000

export class WatchedSocket extends ControlSocket {
  private watch: ReturnType<typeof setTimeout> | undefined

  override disconnect(): void {
    clearTimeout(this.watch)
    super.disconnect()
  }

  protected override made(socket: WebSocket): void {
    clearTimeout(this.watch)
    if (!('on' in socket && typeof socket.on === 'function')) return
    let isNow = true
    socket.on('close', () => (isNow = false))
    socket.on('ping', () => {
      if (!isNow) return
      clearTimeout(this.watch)
      this.watch = setTimeout(() => isNow && this.again(), PINGLESS_MS)
    })
  }
}
