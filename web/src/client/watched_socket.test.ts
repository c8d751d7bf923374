import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { WatchedSocket } from './watched_socket'

/** A socket of node's kind: whoever listens is told of pings. */
class PingedSocket {
  static all: PingedSocket[] = []
  readyState = 1
  private readonly heard: Record<string, () => void> = {}
  constructor() {
    PingedSocket.all.push(this)
  }
  on(event: string, listener: () => void) {
    this.heard[event] = listener
  }
  tell(event: string) {
    this.heard[event]?.()
  }
  close() {
    this.tell('close')
  }
}

beforeEach(() => {
  PingedSocket.all = []
  vi.useFakeTimers()
})
afterEach(() => void vi.useRealTimers())

function watched(Socket: unknown = PingedSocket) {
  const closed: unknown[] = []
  const events = { carrierOpened: () => undefined, carrierTold: () => undefined, carrierClosed: (event: unknown) => closed.push(event) }
  const socket = new WatchedSocket('ws://here/ws/demo', () => [], events, Socket as typeof WebSocket)
  socket.connect()
  return { socket, closed }
}

test('a socket is made again where pings that were seen stop, and no timer is left of it', () => {
  const { socket, closed } = watched()
  const [first] = PingedSocket.all
  for (let turn = 0; turn < 5; turn += 1) {
    first!.tell('ping')
    vi.advanceTimersByTime(49_000)
  }
  expect([PingedSocket.all.length, closed]).toEqual([1, []])
  vi.advanceTimersByTime(1_500)
  expect([PingedSocket.all.length, closed]).toEqual([2, [null]])
  PingedSocket.all[1]!.tell('ping')
  first!.tell('ping')
  socket.disconnect()
  expect(vi.getTimerCount()).toBe(0)
})

test('a socket that shows no pings is believed', () => {
  const { socket } = watched(class { readyState = 1; close() {} })
  vi.advanceTimersByTime(600_000)
  expect(socket.isOpen).toBe(true)
  socket.disconnect()
})
