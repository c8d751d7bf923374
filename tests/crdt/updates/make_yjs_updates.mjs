// Makes yjs_updates.json with stock yjs. Run where `yjs` is installed, for instance in tests/stock:
//   node --input-type=module < ../crdt/updates/make_yjs_updates.mjs > ../crdt/updates/yjs_updates.json
// What is expected (`inserted`, `deleted`) comes from the decoder of yjs itself. Every run writes the same bytes.
import * as Y from 'yjs'

const cases = []

const spans = (pairs) => {
  const merged = []
  for (const [start, end] of pairs.sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1)
    if (last && start <= last[1]) last[1] = Math.max(last[1], end)
    else merged.push([start, end])
  }
  return merged
}

const expected = (update) => {
  const { structs, ds } = Y.decodeUpdate(update)
  const inserted = {}
  for (const { id, length } of structs) {
    const span = (inserted[id.client] ??= [id.clock, id.clock])
    span[1] = id.clock + length
  }
  const deleted = {}
  for (const [client, items] of ds.clients) deleted[client] = spans(items.map(({ clock, len }) => [clock, clock + len]))
  return { inserted, deleted }
}

const keep = (name, update, more = {}) =>
  cases.push({ name, update: Buffer.from(update).toString('base64'), ...expected(update), ...more })

const newDoc = (client, options = {}) => {
  const doc = new Y.Doc(options)
  doc.clientID = client
  return doc
}

// The whole state, and every single update on the way to it, as a server sees both.
const add = (name, make, options) => {
  const doc = newDoc(1000 + cases.length, options)
  const steps = []
  doc.on('update', (update) => steps.push(Buffer.from(update).toString('base64')))
  make(doc)
  keep(name, Y.encodeStateAsUpdate(doc), { steps })
}

add('nothing', () => {})
add('text with emoji', (doc) => {
  const text = doc.getText('content')
  text.insert(0, 'é😀 e\u0301 👩‍👩‍👧 漢')
  text.insert(3, '🇩🇪')
  text.delete(1, 2)
})
add('text typed one character at a time', (doc) => {
  const text = doc.getText('content')
  for (const char of 'a 😀 line\n') text.insert(text.length, char)
  text.delete(2, 3)
  text.insert(0, 'Z')
})
add('an emoji cut in half', (doc) => {
  const text = doc.getText('content')
  text.insert(0, 'a😀b')
  text.insert(2, '-')
})
add('formats and embeds', (doc) => {
  const text = doc.getText('content')
  text.insert(0, 'bold text')
  text.format(0, 4, { bold: true, link: { href: 'x' } })
  text.insertEmbed(2, { image: 'x', sizes: [1, { w: 2 }] })
  text.applyDelta([{ retain: 1 }, { insert: '🙂', attributes: { color: null, em: {} } }, { delete: 2 }])
})
add('nested values', (doc) => {
  const map = doc.getMap('data')
  const inner = new Y.Map()
  map.set('a', inner)
  inner.set('list', Y.Array.from([1, 'two', { three: [3] }, null, true, false, 1.5, -7, -0, 2 ** 31, 1e300]))
  inner.set('plain', { deep: { er: [1, [], {}] } })
  inner.get('list').insert(1, [new Y.Text('inside'), new Y.Map([['ключ', 'значение 😀']])])
  inner.get('list').delete(0, 1)
})
add('one key often', (doc) => { for (let at = 0; at < 50; at += 1) doc.getMap('data').set('k', at) })
add('one key often, kept', (doc) => { for (let at = 0; at < 20; at += 1) doc.getMap('data').set('k', { at }) }, { gc: false })
add('numbers, bytes and big integers', (doc) => {
  const list = doc.getArray('list')
  list.push([0, 63, 64, -64, 8191, 2 ** 31 - 1, -(2 ** 31), 2 ** 53 - 1, 0.1, 1e-300, { big: [2n ** 40n, -(2n ** 63n)] }])
  list.push([new Uint8Array([1, 2, 255]), new Uint8Array(0)])
  list.push([{ raw: new Uint8Array(300).fill(7), nothing: undefined }])
})
add('large values', (doc) => {
  const map = doc.getMap('data')
  map.set('wide', Array.from({ length: 300 }, (_, at) => at))
  map.set('keys', Object.fromEntries(Array.from({ length: 80 }, (_, at) => [`k${at}`, at % 2 ? `v${at}` : null])))
  map.set('long', '漢'.repeat(400))
  let deep = 'bottom'
  for (let at = 0; at < 30; at += 1) deep = at % 2 ? [deep] : { k: deep }
  map.set('deep', deep)
})
add('xml', (doc) => {
  const root = doc.getXmlFragment('default')
  const paragraph = new Y.XmlElement('paragraph')
  paragraph.setAttribute('level', '2')
  const words = new Y.XmlText('hello 😀')
  paragraph.insert(0, [words, new Y.XmlElement('br')])
  root.insert(0, [paragraph, new Y.XmlText('tail')])
  words.format(0, 5, { strong: true })
  root.delete(1, 1)
})
add('deleted and collected', (doc) => {
  const map = doc.getMap('data')
  const inner = new Y.Map()
  map.set('a', inner)
  inner.set('x', Y.Array.from([1, 2, new Y.Text('gone')]))
  map.delete('a')
  map.set('b', new Uint8Array([1, 2, 3]))
})
add('deleted and kept', (doc) => {
  const text = doc.getText('content')
  text.insert(0, 'abcdefghij')
  for (const at of [8, 6, 4, 2, 0]) text.delete(at, 1)
}, { gc: false })
add('all deleted', (doc) => {
  const text = doc.getText('content')
  text.insert(0, 'soon gone 👋')
  text.delete(0, text.length)
})
add('two authors at once', (doc) => {
  const text = doc.getText('content')
  text.insert(0, 'abc')
  const other = newDoc(77)
  Y.applyUpdate(other, Y.encodeStateAsUpdate(doc))
  other.getText('content').insert(1, 'XX😀')
  other.getText('content').delete(0, 1)
  text.insert(2, 'Y')
  text.delete(0, 2)
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(other))
})
add('undone and redone', (doc) => {
  const text = doc.getText('content')
  const undo = new Y.UndoManager(text, { captureTimeout: 0 })
  text.insert(0, 'one ')
  text.insert(4, 'two')
  text.delete(0, 2)
  undo.undo()
  undo.undo()
  undo.redo()
})
add('a client id at the end of numbers', (doc) => {
  doc.clientID = 2 ** 53 - 1
  doc.getMap('data').set('k', 1)
})

const base = newDoc(50)
base.getText('content').insert(0, 'base text')
const since = Y.encodeStateVector(base)
base.getText('content').insert(4, '😀😀')
base.getText('content').delete(0, 3)
base.getMap('data').set('k', ['v'])
keep('a difference that starts inside', Y.encodeStateAsUpdate(base, since))
// Stock yjs can write these; they are not taken. The last two pycrdt reads otherwise than yjs wrote them.
const parts = []
const gapped = newDoc(60)
gapped.on('update', (update) => parts.push(update))
for (const words of ['a', 'b', 'c']) gapped.getText('content').insert(0, words)
keep('a gap joined by a skip', Y.mergeUpdates([parts[0], parts[2]]), { refused: true })
const parent = newDoc(61)
parent.getMap('data').set('child', new Y.Doc({ guid: 'child' }))
keep('a subdocument', Y.encodeStateAsUpdate(parent), { refused: true })
const hooked = newDoc(62)
hooked.getXmlFragment('default').insert(0, [new Y.XmlHook('mention')])
keep('an xml hook', Y.encodeStateAsUpdate(hooked), { refused: true })
keep('an old form of values', (() => {
  const doc = newDoc(51)
  doc.transact((tr) => {
    const list = doc.getArray('list')
    list.push([1])
    const first = list._start
    new Y.Item(Y.createID(51, 1), first, first.lastId, null, null, list, null, new Y.ContentJSON([{ a: [1] }, 'ü😀', null]))
      .integrate(tr, 0)
  })
  return Y.encodeStateAsUpdate(doc)
})(), { refused: true })

const line = ({ name, ...rest }) => ` ${JSON.stringify({ name, ...rest })}`
process.stdout.write(`[\n${cases.map(line).join(',\n')}\n]\n`)
