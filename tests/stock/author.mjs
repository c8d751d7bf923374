// Random histories made by stock Yjs: several people at one document, everything a client can do, also in wrong places.
// Every step draws from a chance of its own, so that a failing history can be cut down by leaving steps out.
import * as Y from 'yjs'

const chanceOf = (seed) => {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  next()
  const below = (most) => Math.floor(next() * most)
  return { next, below, pick: (list) => list[below(list.length)], is: (share) => next() < share }
}

const WORDS = ['a', 'bc', ' ', '\n', 'é', 'e\u0301', '😀', '👩‍👩‍👧', '漢', 'x😀y', '\r\n', '\ufffc', '\ufffd', '', '<b>&', '\ud83d', '\ude00', '\u0000', 'longer words here ']
const KEYS = ['a', 'b', 'c', '', '__proto__', 'constructor', '~bytes', '~~number', '~xml', '~deep', '~bigint', '😀', '\ud83d', 'a.b', '0', 'level']
const NUMBERS = [0, -0, 1, -1, 0.5, 1e300, 5e-324, 2 ** 31, 2 ** 53, -(2 ** 53), 2 ** 53 - 1, 2 ** 60, NaN, Infinity, -Infinity, 64, -64, 3.4028234663852886e38]
const BIGINTS = [0n, 1n, -1n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 62n, 10n ** 18n]
const TAGS = ['p', 'h1', 'a', 'img', 'x-y', 'UPPER', '', 'é']
const MARKS = ['bold', 'em', 'link', 'a', 'comment--1', '']

const plainOf = (chance, depth = 0) => {
  const kind = chance.below(depth > 3 ? 8 : 11)
  if (kind === 0) return chance.pick(WORDS)
  if (kind === 1) return chance.pick(NUMBERS)
  if (kind === 2) return chance.pick([true, false, null])
  if (kind === 3) return undefined
  if (kind === 4) return chance.pick(BIGINTS)
  if (kind === 5) return new Uint8Array(Array.from({ length: chance.below(4) }, () => chance.below(256)))
  if (kind === 6) return chance.is(0.3) ? new Date(0) : chance.pick(NUMBERS)
  if (kind === 7) return chance.pick(WORDS)
  const size = chance.below(3)
  if (kind === 8) return Array.from({ length: size }, () => plainOf(chance, depth + 1))
  const keys = KEYS.filter((key) => key !== '__proto__')
  return Object.fromEntries(Array.from({ length: size }, () => [chance.pick(keys), plainOf(chance, depth + 1)]))
}
const nestedOf = (chance) => {
  const depth = chance.pick([5, 31, 32, 33, 64, 70])
  let value = 1
  for (let at = 0; at < depth; at++) value = chance.is(0.5) ? [value] : { a: value }
  return value
}
const typeOf = (chance) => {
  switch (chance.below(9)) {
    case 0: return new Y.Map(chance.is(0.5) ? [[chance.pick(KEYS), plainOf(chance)]] : [])
    case 1: return Y.Array.from(chance.is(0.5) ? [plainOf(chance)] : [])
    case 2: return new Y.Text(chance.pick(WORDS))
    case 3: return new Y.XmlElement(chance.pick(TAGS))
    case 4: return new Y.XmlFragment()
    case 5: return new Y.XmlText(chance.pick(WORDS))
    case 6: return chance.is(0.2) ? new Y.XmlHook(chance.pick(TAGS)) : new Y.Map()
    case 7: return chance.is(0.3) ? new Y.Doc({ guid: 'g' }) : new Y.Array()
    default: return new Y.XmlElement('p')
  }
}
const valueOf = (chance) => (chance.is(0.3) ? typeOf(chance) : chance.is(0.05) ? nestedOf(chance) : plainOf(chance))
const attributesOf = (chance) =>
  Object.fromEntries(Array.from({ length: chance.below(3) }, () => [chance.pick(MARKS), chance.pick([true, null, 'x', 1, { href: 'u', a: [1] }, '😀', NaN])]))

const editText = (text, chance) => {
  const size = text.length
  const at = chance.below(size + 1)
  switch (chance.below(9)) {
    case 0: case 1: case 2: return text.insert(at, chance.pick(WORDS), chance.is(0.15) ? attributesOf(chance) : undefined)
    case 3: case 4: return size && text.delete(at, Math.min(size - at, 1 + chance.below(4)))
    case 5: return size && text.format(at, Math.min(size - at, 1 + chance.below(4)), attributesOf(chance))
    case 6: return text.insertEmbed(at, chance.is(0.3) ? typeOf(chance) : chance.pick([{ image: 'x' }, {}, 5, [1], 'word', null, true]), chance.is(0.3) ? attributesOf(chance) : {})
    case 7: return chance.is(0.5) ? text.setAttribute(chance.pick(KEYS), plainOf(chance)) : text.removeAttribute(chance.pick(KEYS))
    default: return text.applyDelta([{ retain: at }, { insert: chance.pick(WORDS) }, ...(size > at ? [{ delete: 1 }] : [])])
  }
}
const editMap = (map, chance) => (chance.is(0.2) ? map.delete(chance.pick(KEYS)) : chance.is(0.03) ? map.clear() : map.set(chance.pick(KEYS), valueOf(chance)))
const editArray = (array, chance) => {
  const at = chance.below(array.length + 1)
  if (array.length && chance.is(0.3)) return array.delete(Math.min(at, array.length - 1), 1)
  return array.insert(at, Array.from({ length: 1 + chance.below(3) }, () => valueOf(chance)))
}
const editXml = (node, chance) => {
  const at = chance.below(node.length + 1)
  if (node instanceof Y.XmlElement && chance.is(0.4)) {
    return chance.is(0.2) ? node.removeAttribute(chance.pick(KEYS)) : node.setAttribute(chance.pick(KEYS), chance.is(0.6) ? chance.pick(WORDS) : plainOf(chance))
  }
  if (node.length && chance.is(0.2)) return node.delete(Math.min(at, node.length - 1), 1)
  const made = chance.is(0.45) ? new Y.XmlText(chance.pick(WORDS)) : chance.is(0.06) ? new Y.XmlHook(chance.pick(TAGS)) : new Y.XmlElement(chance.pick(TAGS))
  return node.insert(at, [chance.is(0.05) ? typeOf(chance) : made])
}
const edit = (type, chance) => {
  if (type instanceof Y.Text) return editText(type, chance)
  if (type instanceof Y.Map) return editMap(type, chance)
  if (type instanceof Y.Array) return editArray(type, chance)
  return editXml(type, chance)
}

// A root under its own name and kind mostly; else another root, or the right name used as another kind.
const ROOTS = { text: (doc) => doc.getText('content'), data: (doc) => doc.getMap('data'), rich: (doc) => doc.getXmlFragment('default') }
const NAMES = { text: 'content', data: 'data', rich: 'default' }
const BENEATH = (type) => {
  const found = []
  const walk = (holder, depth) => {
    if (depth > 80) return
    for (const item of [holder._start, ...holder._map.values()]) {
      for (let now = item; now; now = now.right) {
        if (!now.deleted && now.content instanceof Y.ContentType) {
          found.push(now.content.type)
          walk(now.content.type, depth + 1)
        }
        if (now === item && item !== holder._start) break
      }
    }
  }
  walk(type, 0)
  return found
}

const odd = (kind, doc, chance) => {
  const name = chance.is(0.5) ? NAMES[kind] : chance.pick(['content', 'data', 'default', 'other', '', '__proto__'])
  const struct = new Y.Doc()
  struct.clientID = doc.clientID
  Y.applyUpdate(struct, Y.encodeStateAsUpdate(doc))
  const root = chance.pick([() => struct.getText(name), () => struct.getMap(name), () => struct.getArray(name), () => struct.getXmlFragment(name), () => struct.get(name, Y.XmlElement)])()
  const before = Y.encodeStateVector(struct)
  struct.transact(() => edit(root, chance))
  return Y.encodeStateAsUpdate(struct, before)
}

const act = (person, kind, chance) => {
  const { doc } = person
  const root = ROOTS[kind](doc)
  const kinds = chance.below(24)
  if (kinds === 0) return person.undo.undo()
  if (kinds === 1) return person.undo.redo()
  if (kinds === 2) return Y.applyUpdate(doc, odd(kind, doc, chance), 'mine')
  if (kinds === 3) return edit(doc.getMap('other'), chance)
  if (kinds === 4 && kind !== 'text') {
    const depth = chance.pick([3, 31, 33, 70])
    return doc.transact(() => {
      let holder = root
      for (let at = 0; at < depth; at++) {
        const made = kind === 'data' ? new Y.Map() : new Y.XmlElement('d')
        if (kind === 'data') holder.set('d', made)
        else holder.insert(0, [made])
        holder = made
      }
    }, 'mine')
  }
  const beneath = BENEATH(root)
  const target = beneath.length && chance.is(0.55) ? chance.pick(beneath) : root
  doc.transact(() => {
    for (let at = chance.is(0.2) ? 3 : 1; at > 0; at--) edit(target, chance)
  }, 'mine')
}

// {seed, kind, people, steps, skip}: returns what reaches the server, in order, as [who, update, isWhole].
export const program = ({ seed, kind, people, steps, skip = [] }) => {
  const sent = []
  const crowd = Array.from({ length: people }, (_, who) => {
    const doc = new Y.Doc()
    doc.clientID = [2 ** 31 + 7, 70000, 2 ** 32 - 1, 1e9][who % 4] + (who >> 2)
    const person = { doc, outbox: [], errors: 0, undo: new Y.UndoManager(ROOTS[kind](doc), { captureTimeout: 0, trackedOrigins: new Set(['mine']) }) }
    doc.on('update', (update, origin) => origin !== 'peer' && person.outbox.push(update))
    return person
  })
  const skipped = new Set(skip)
  for (let at = 0; at < steps; at++) {
    if (skipped.has(at)) continue
    const chance = chanceOf((seed ^ Math.imul(at + 1, 0x9e3779b1)) >>> 0)
    const who = chance.below(people)
    const person = crowd[who]
    try {
      act(person, kind, chance)
    } catch (error) {
      person.errors += 1
    }
    if (chance.is(0.3)) {
      const other = crowd[chance.below(people)]
      if (other !== person) Y.applyUpdate(other.doc, Y.encodeStateAsUpdate(person.doc, Y.encodeStateVector(other.doc)), 'peer')
    }
    if (chance.is(0.7)) {
      const outbox = person.outbox.splice(0)
      if (outbox.length > 1 && chance.is(0.3)) sent.push([who, Y.mergeUpdates(outbox), false])
      else for (const update of outbox) sent.push([who, update, false])
    }
    if (chance.is(0.1) && sent.length) sent.push(chance.pick(sent))
    if (chance.is(0.1)) sent.push([who, Y.encodeStateAsUpdate(person.doc), true])
  }
  crowd.forEach((person, who) => {
    for (const update of person.outbox) sent.push([who, update, false])
    person.undo.destroy()
  })
  // As a resync does: once more all that everybody has, until nothing can wait for anything.
  for (let round = 0; round < 2; round++) crowd.forEach((person, who) => sent.push([who, Y.encodeStateAsUpdate(person.doc), true]))
  return sent
}
