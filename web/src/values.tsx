/** A data document as an editable tree of names and values, bound to the shared map. */
import { useEffect, useState } from 'preact/hooks'
import type { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import type { Json } from './wire'

type Path = (string | number)[]

function plain(value: unknown): Json {
  return value instanceof Y.AbstractType ? (value.toJSON() as Json) : (value as Json)
}

/** Put a value at a path; where a plain object stands on the way, that object is written as a whole. */
function put(root: Y.Map<unknown>, path: Path, value: Json | undefined): void {
  let holder: unknown = root
  for (let at = 0; at < path.length; at += 1) {
    const key = path[at]!
    const rest = path.slice(at + 1)
    const inner: unknown = holder instanceof Y.Map ? holder.get(String(key)) : holder instanceof Y.Array ? holder.get(Number(key)) : undefined
    if (rest.length && inner instanceof Y.AbstractType) {
      holder = inner
      continue
    }
    const next = rest.length ? within(inner as Json, rest, value) : value
    if (holder instanceof Y.Map) {
      if (next === undefined) holder.delete(String(key))
      else holder.set(String(key), shared(next))
    } else if (holder instanceof Y.Array) {
      holder.delete(Number(key), 1)
      if (next !== undefined) holder.insert(Number(key), [shared(next)])
    }
    return
  }
}

function within(value: Json, path: Path, next: Json | undefined): Json {
  const copy = structuredClone(value) as any
  let holder = copy
  for (const key of path.slice(0, -1)) holder = holder[key]
  const last = path.at(-1)!
  if (next !== undefined) holder[last] = next
  else if (Array.isArray(holder)) holder.splice(Number(last), 1)
  else delete holder[last]
  return copy
}

function shared(value: Json): unknown {
  if (Array.isArray(value)) return Y.Array.from(value.map(shared) as never[])
  if (value && typeof value === 'object') {
    const map = new Y.Map<unknown>()
    for (const [key, part] of Object.entries(value)) map.set(key, shared(part))
    return map
  }
  return value
}

function read(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}

export function Values(props: { provider: WebsocketProvider; readOnly: boolean }) {
  const root = props.provider.doc.getMap('data')
  const [, redraw] = useState(0)
  useEffect(() => {
    const changed = () => redraw((count) => count + 1)
    root.observeDeep(changed)
    return () => root.unobserveDeep(changed)
  }, [root])
  const change = (path: Path, value: Json | undefined) => props.provider.doc.transact(() => put(root, path, value))
  return (
    <div class="values" data-testid="values">
      <Branch value={plain(root)} path={[]} change={change} readOnly={props.readOnly} />
    </div>
  )
}

interface BranchProps { value: Json; path: Path; readOnly: boolean; change: (path: Path, value: Json | undefined) => void }

function Branch({ value, path, change, readOnly }: BranchProps) {
  const entries: [string | number, Json][] = Array.isArray(value)
    ? value.map((part, at) => [at, part])
    : Object.entries(value as { [key: string]: Json }).sort(([a], [b]) => a.localeCompare(b))
  return (
    <ul>
      {entries.map(([key, part]) => (
        <li key={key}>
          <div class="value-row">
            <span class="value-name">{Array.isArray(value) ? `${Number(key) + 1}.` : key}</span>
            {part !== null && typeof part === 'object' ? (
              <span class="value-kind">{Array.isArray(part) ? `${part.length} items` : ''}</span>
            ) : (
              <Leaf value={part} name={[...path, key].join('.')} readOnly={readOnly} set={(next) => change([...path, key], next)} />
            )}
            {!readOnly && (
              <button class="ghost small" title={`Remove ${key}`} aria-label={`Remove ${key}`} onClick={() => change([...path, key], undefined)}>
                ×
              </button>
            )}
          </div>
          {part !== null && typeof part === 'object' && (
            <Branch value={part} path={[...path, key]} change={change} readOnly={readOnly} />
          )}
        </li>
      ))}
      {!readOnly && !Array.isArray(value) && <Adder add={(name, next) => change([...path, name], next)} />}
      {entries.length === 0 && readOnly && <li class="faint">empty</li>}
    </ul>
  )
}

function Leaf(props: { value: Json; name: string; readOnly: boolean; set: (value: Json) => void }) {
  const shown = typeof props.value === 'string' ? props.value : JSON.stringify(props.value)
  const commit = (event: Event) => {
    const input = event.currentTarget as HTMLInputElement
    if (input.value === shown) return
    props.set(typeof props.value === 'string' && !/^-?\d/.test(input.value) ? input.value : read(input.value))
  }
  return (
    <input
      class="value-input"
      aria-label={props.name}
      data-testid={`value-${props.name}`}
      value={shown}
      readOnly={props.readOnly}
      onBlur={commit}
      onKeyDown={(event) => event.key === 'Enter' && (event.currentTarget as HTMLInputElement).blur()}
    />
  )
}

function Adder(props: { add: (name: string, value: Json) => void }) {
  const [name, setName] = useState('')
  const submit = (event: Event) => {
    event.preventDefault()
    const [key = '', ...rest] = name.split('=')
    if (!key.trim()) return
    props.add(key.trim(), read(rest.join('=').trim() || '""'))
    setName('')
  }
  return (
    <li>
      <form class="value-add" onSubmit={submit}>
        <input value={name} placeholder="name = value" aria-label="Add a value" onInput={(event) => setName(event.currentTarget.value)} />
      </form>
    </li>
  )
}
