import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { CarrierEvents } from './carrier'
import { ControlSocket } from './control_socket'

class FakeSocket {
  static all: FakeSocket[] = []
  readyState = 0
  sent: string[] = []
  onopen: (() => void) | null = null
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: ((event: { code: number; reason: string }) => void) | null = null
  onerror: (() => void) | null = null
  constructor(readonly url: string, readonly protocols: string[]) {
    FakeSocket.all.push(this)
  }
  send(text: string) {
    this.sent.push(text)
  }
  close() {
    this.readyState = 3
  }
  opens() {
    this.readyState = 1
    this.onopen?.()
  }
  ends(code: number) {
    this.readyState = 3
    this.onclose?.({ code, reason: '' })
  }
}

function socket(token = { now: 'one' }) {
  FakeSocket.all = []
  const heard: unknown[] = []
  const events: CarrierEvents = {
    carrierOpened: () => heard.push('opened'),
    carrierTold: (message) => heard.push(message.type),
    carrierClosed: (event) => heard.push(['closed', event?.code ?? null]),
  }
  const carrier = new ControlSocket('ws://here/ws/demo', () => ['folkmoot', `token.${token.now}`], events, FakeSocket as never)
  return { carrier, heard, last: () => FakeSocket.all.at(-1)!, made: () => FakeSocket.all.length }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('the socket of a workspace', () => {
  it('carries messages as JSON, both ways', () => {
    const at = socket()
    at.carrier.connect()
    at.carrier.send({ type: 'hello' })
    at.last().opens()
    at.carrier.send({ type: 'hello', seen: 3 })
    at.last().onmessage?.({ data: '{"type":"stops","stops":[]}' })
    expect([at.last().sent, at.heard]).toEqual([['{"type":"hello","seen":3}'], ['opened', 'stops']])
  })

  it('is made again, later each time, under the token of then', () => {
    const token = { now: 'one' }
    const at = socket(token)
    at.carrier.connect()
    at.last().ends(1006)
    vi.advanceTimersByTime(200)
    expect(at.made()).toBe(2)
    token.now = 'two'
    at.last().ends(1006)
    vi.advanceTimersByTime(399)
    expect(at.made()).toBe(2)
    vi.advanceTimersByTime(1)
    expect([at.made(), at.last().protocols]).toEqual([3, ['folkmoot', 'token.two']])
    for (let count = 0; count < 6; count += 1) {
      at.last().ends(1006)
      vi.advanceTimersByTime(2_500)
    }
    expect(at.made()).toBe(9)
  })

  it('is not made again after a close that is final, until somebody says so', () => {
    const at = socket()
    at.carrier.connect()
    at.last().opens()
    at.last().ends(4401)
    vi.advanceTimersByTime(60_000)
    expect([at.made(), at.heard]).toEqual([1, ['opened', ['closed', 4401]]])
    at.carrier.connect()
    expect(at.made()).toBe(2)
  })

  it('gives up a connection that is neither made nor refused', () => {
    const at = socket()
    at.carrier.connect()
    vi.advanceTimersByTime(10_200)
    expect([at.made(), at.heard]).toEqual([2, [['closed', null]]])
  })

  it('tells nothing of what was put away', () => {
    const at = socket()
    at.carrier.connect()
    const old = at.last()
    old.opens()
    at.carrier.disconnect()
    old.onmessage?.({ data: '{"type":"stops","stops":[]}' })
    old.onclose?.({ code: 1006, reason: '' })
    vi.advanceTimersByTime(60_000)
    expect([at.made(), at.heard]).toEqual([1, ['opened', ['closed', null]]])
  })

  it('begins anew at once when the network is back', () => {
    const at = socket()
    at.carrier.again()
    expect(at.made()).toBe(0)
    at.carrier.connect()
    at.last().opens()
    at.carrier.again()
    vi.advanceTimersByTime(200)
    expect(at.made()).toBe(2)
  })
})
