import { boxed, getYjsValue, syncedStore, SyncedText } from '@syncedstore/core'
import * as Y from 'yjs'
import { doc, opened } from './connect.js'

opened([['data', Y.Map]])
const store = syncedStore({ data: {} }, doc)
const root = getYjsValue(store.data)
const undoManager = new Y.UndoManager(root)

// A form as one writes it on a store: a title, a list of things to do, a note that several people write in.
const [title, todo, note] = ['title', 'todo', 'note'].map((id) => document.querySelector(`#${id}`))
const list = document.querySelector('#list')
title.oninput = () => { store.data.title = title.value }
todo.onkeydown = (event) => {
  if (event.key !== 'Enter' || !todo.value) return
  store.data.todos ??= []
  store.data.todos.push({ title: todo.value, done: false })
  todo.value = ''
}
// Where two words differ: how much they begin and end with alike.
const alike = (before, after) => {
  const most = Math.min(before.length, after.length)
  let [start, end] = [0, 0]
  while (start < most && before[start] === after[start]) start += 1
  while (end < most - start && before.at(-1 - end) === after.at(-1 - end)) end += 1
  return [start, end]
}
note.oninput = () => {
  const [before, after] = [store.data.note.toString(), note.value]
  const [start, end] = alike(before, after)
  doc.transact(() => {
    store.data.note.delete(start, before.length - start - end)
    store.data.note.insert(start, after.slice(start, after.length - end))
  })
}
const show = () => {
  if (title.value !== (store.data.title ?? '')) title.value = store.data.title ?? ''
  const words = store.data.note?.toString() ?? ''
  if (note.value !== words) {
    // The caret stays where it stood in the words, whatever others write before it.
    const [before, caret] = [note.value, note.selectionStart]
    const at = caret <= alike(before, words)[0] ? caret : caret + words.length - before.length
    note.value = words
    note.setSelectionRange(at, at)
  }
  list.replaceChildren(...(store.data.todos ?? []).map((item) => Object.assign(document.createElement('li'), { textContent: item.title })))
}
root.observeDeep(show)
Object.assign(window.desk, {
  store,
  undoManager,
  boxed,
  SyncedText,
  words: () => JSON.stringify(root.toJSON()),
  shown: () => JSON.stringify({ title: title.value, note: note.value, todos: [...list.children].map((item) => item.textContent) }),
})
show()
