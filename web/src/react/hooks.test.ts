import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createElement, render, useState, type FunctionComponent } from 'preact/compat'
import * as Y from 'yjs'
import { spokenRoom } from '../client/fixtures'
import { useDocument, useInstruction, useOpenRoom, useRoom, useText } from './hooks'

/** As much of a document as text in one element needs. */
class Node {
  childNodes: Node[] = []
  parentNode: Node | null = null
  data = ''
  nodeType = 1
  get firstChild(): Node | null { return this.childNodes[0] ?? null }
  get nextSibling(): Node | null { return this.parentNode?.childNodes[this.parentNode.childNodes.indexOf(this) + 1] ?? null }
  get text(): string { return this.data + this.childNodes.map((node) => node.text).join('') }
  insertBefore(node: Node, before: Node | null) {
    node.remove()
    node.parentNode = this
    this.childNodes.splice(before ? this.childNodes.indexOf(before) : this.childNodes.length, 0, node)
    return node
  }
  appendChild(node: Node) { return this.insertBefore(node, null) }
  removeChild(node: Node) { this.childNodes = this.childNodes.filter((one) => one !== node); node.parentNode = null; return node }
  remove() { this.parentNode?.removeChild(this) }
}

/** Draw a component that returns words; what stands there now, and how to take it away. */
function drawn(component: FunctionComponent): { words: () => string; end: () => void } {
  const root = new Node()
  render(createElement(component, {}), root as never)
  return { words: () => root.text, end: () => render(null, root as never) }
}

beforeEach(() => {
  const text = (data: string) => Object.assign(new Node(), { data, nodeType: 3 })
  vi.stubGlobal('document', { createElement: () => new Node(), createElementNS: () => new Node(), createTextNode: text })
})
afterEach(() => void vi.unstubAllGlobals())

/** How many listen to a text. */
const listeners = (text: Y.Text) => text._eH.l.length

describe('a hook draws again', () => {
  it('when the words of a text change, and no more once it is gone', async () => {
    const text = new Y.Doc().getText('content')
    const at = drawn(() => useText(text))
    await vi.waitFor(() => expect(listeners(text)).toBe(1))
    text.insert(0, 'one')
    await vi.waitFor(() => expect(at.words()).toBe('one'))
    at.end()
    await vi.waitFor(() => expect(listeners(text)).toBe(0))
  })

  it('when a room changes, also before it was listening', async () => {
    const { room, record } = spokenRoom()
    const at = drawn(() => `head ${useRoom(room).head}`)
    record('config', 'Ben', {})
    await vi.waitFor(() => expect(at.words()).toBe('head 1'))
    record('config', 'Ben', {})
    await vi.waitFor(() => expect(at.words()).toBe('head 2'))
    at.end()
  })

  it('when a room and a text are there, which were not', async () => {
    const { room } = spokenRoom()
    const text = new Y.Doc().getText('content')
    text.insert(0, 'one')
    let come: () => void = () => undefined
    const at = drawn(() => {
      const [isHere, show] = useState(false)
      come = () => show(true)
      return `${useRoom(isHere ? room : null)?.actor ?? 'nobody'} ${useText(isHere ? text : null)}.`
    })
    expect(at.words()).toBe('nobody .')
    come()
    await vi.waitFor(() => expect([at.words(), listeners(text)]).toEqual(['Ana one.', 1]))
    text.insert(3, ' two')
    await vi.waitFor(() => expect(at.words()).toBe('Ana one two.'))
    at.end()
  })

  it('when an instruction goes on', async () => {
    const { room, enter, tell, record } = spokenRoom()
    const coming = room.ask('a')
    const id = enter(1)
    const instruction = await coming
    const at = drawn(() => useInstruction(instruction).state)
    tell({ type: 'state', id, state: 'planning', waits_for: [], reason: '' })
    await vi.waitFor(() => expect(at.words()).toBe('planning'))
    record('verdict', 'agent', { intent: id, state: 'done', code: 'done', reason: '' })
    await vi.waitFor(() => expect(at.words()).toBe('done'))
    at.end()
  })

  it('when a room cannot be opened, with why', async () => {
    const at = drawn(() => {
      const { value, failure } = useOpenRoom({ url: 'nowhere' })
      const document = useDocument(value, 'plan')
      return `${failure?.code ?? 'coming'} ${document.value === null}`
    })
    expect(at.words()).toBe('coming true')
    await vi.waitFor(() => expect(at.words()).toBe('bad_address true'))
    at.end()
  })
})
