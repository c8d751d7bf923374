// Makes yjs_updates.json with stock yjs: node make_yjs_updates.mjs (run where `yjs` is installed, as in tests/stock).
import * as Y from 'yjs'
const cases = []
const add = (name, make) => {
  const doc = new Y.Doc()
  doc.clientID = 1000 + cases.length
  make(doc)
  const state = Object.fromEntries([...Y.decodeStateVector(Y.encodeStateVector(doc))].map(([client, clock]) => [String(client), clock]))
  cases.push({ name, update: Buffer.from(Y.encodeStateAsUpdate(doc)).toString('base64'), state })
}
add('text with emoji', (doc) => { const t = doc.getText('content'); t.insert(0, 'é😀 e\u0301 👩‍👩‍👧'); t.delete(1, 2) })
add('formats and embeds', (doc) => { const t = doc.getText('content'); t.insert(0, 'bold text'); t.format(0, 4, { bold: true }); t.insertEmbed(2, { image: 'x' }) })
add('nested values', (doc) => { const m = doc.getMap('data'); const inner = new Y.Map(); m.set('a', inner); inner.set('list', Y.Array.from([1, 'two', { three: [3] }, null, true, 1.5, -7])); m.set('plain', { deep: { er: [1] } }) })
add('one key often', (doc) => { const m = doc.getMap('data'); for (let at = 0; at < 50; at += 1) m.set('k', at) })
add('xml', (doc) => { const f = doc.getXmlFragment('default'); const p = new Y.XmlElement('paragraph'); p.setAttribute('level', '2'); p.insert(0, [new Y.XmlText('hello')]); f.insert(0, [p]) })
add('deleted and collected', (doc) => { const m = doc.getMap('data'); const inner = new Y.Map(); m.set('a', inner); inner.set('x', new Y.Array()); m.delete('a'); m.set('b', new Uint8Array([1, 2, 3])); m.set('big', 2n ** 40n) })
add('two authors', (doc) => { doc.getText('content').insert(0, 'abc'); const other = new Y.Doc(); other.clientID = 77; Y.applyUpdate(other, Y.encodeStateAsUpdate(doc)); other.getText('content').insert(1, 'XX'); other.getText('content').delete(0, 1); Y.applyUpdate(doc, Y.encodeStateAsUpdate(other)) })
process.stdout.write(JSON.stringify(cases, null, 1) + '\n')
