/** A data document as an editable tree of names and values, bound to the shared map. */
import { useEffect, useMemo, useState } from 'preact/hooks'
import type { WebsocketProvider } from 'y-websocket'
import { upload } from '../client/upload'
import type { Json } from '../client/wire'
import { placeOfProvider } from '../files/file_place'
import { fileOf } from '../files/references'
import type { FilePlace } from '../files/transfer'
import { ValueUpload } from '../files/value_upload'
import { FileValue } from './file_value'
import { fieldOf, partsOf, plain, put, readAddition, readField, type ValuePath } from './value_edits'

export function Values(props: { provider: WebsocketProvider; readOnly: boolean }) {
  const root = props.provider.doc.getMap('data')
  const [, redraw] = useState(0)
  useEffect(() => {
    const changed = () => redraw((count) => count + 1)
    root.observeDeep(changed)
    return () => root.unobserveDeep(changed)
  }, [root])
  const change = (path: ValuePath, value: Json | undefined) => props.provider.doc.transact(() => put(root, path, value))
  return (
    <div class="values" data-testid="values">
      <Branch value={plain(root)} path={[]} change={change} readOnly={props.readOnly} place={() => placeOfProvider(props.provider)} />
    </div>
  )
}

interface BranchProps { value: Json; path: ValuePath; readOnly: boolean; place: () => FilePlace; change: (path: ValuePath, value: Json | undefined) => void }

function Branch({ value, path, change, readOnly, place }: BranchProps) {
  const entries = partsOf(value)
  return (
    <ul>
      {entries.map(([key, part]) => (
        <li key={key}>
          <div class="value-row">
            <span class="value-name">{Array.isArray(value) ? `${Number(key) + 1}.` : key}</span>
            {part !== null && typeof part === 'object' ? (
              <span class="value-kind">{Array.isArray(part) ? `${part.length} items` : ''}</span>
            ) : (
              <Leaf value={part} name={[...path, key].join('.')} readOnly={readOnly} place={place} set={(next) => change([...path, key], next)} />
            )}
            {!readOnly && (
              <button class="ghost small" title={`Remove ${key}`} aria-label={`Remove ${key}`} onClick={() => change([...path, key], undefined)}>
                ×
              </button>
            )}
          </div>
          {part !== null && typeof part === 'object' && (
            <Branch value={part} path={[...path, key]} change={change} readOnly={readOnly} place={place} />
          )}
        </li>
      ))}
      {!readOnly && !Array.isArray(value) && <Adder add={(name, next) => change([...path, name], next)} />}
      {entries.length === 0 && readOnly && <li class="faint">empty</li>}
    </ul>
  )
}

function Leaf(props: { value: Json; name: string; readOnly: boolean; place: () => FilePlace; set: (value: Json) => void }) {
  const shown = fieldOf(props.value)
  const [, redraw] = useState(0)
  const coming = useMemo(() => new ValueUpload((file, options) => upload(props.place(), file, options), () => redraw((count) => count + 1)), [])
  const bring = (event: Event, data: DataTransfer | null) => {
    const file = data?.files[0]
    if (!file) return
    // Else the browser opens it in place of the page.
    event.preventDefault()
    if (!props.readOnly) void coming.bring(file, props.set)
  }
  const id = fileOf(props.value)
  return (
    <>
      <input
        class="value-input"
        aria-label={props.name}
        data-testid={`value-${props.name}`}
        value={shown}
        readOnly={props.readOnly}
        onDragOver={(event) => event.dataTransfer?.types.includes('Files') && event.preventDefault()}
        onDrop={(event) => bring(event, event.dataTransfer)}
        onPaste={(event) => bring(event, event.clipboardData)}
        onBlur={({ currentTarget: { value } }) => {
          if (value !== shown) props.set(readField(props.value, value))
        }}
        onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
      />
      {id && <FileValue id={id} place={props.place} />}
      {(coming.percent !== null || coming.said) && (
        <span class="faint" role="status" data-testid="value-arrival">
          {coming.said || `${coming.percent} %`}{' '}
          {coming.canTryAgain && <button class="small" onClick={() => coming.again(props.set)}>Try again</button>}{' '}
          <button class="small" onClick={() => coming.cancel()}>{coming.said ? 'Close' : 'Cancel'}</button>
        </span>
      )}
    </>
  )
}

function Adder(props: { add: (name: string, value: Json) => void }) {
  const [name, setName] = useState('')
  const submit = (event: Event) => {
    event.preventDefault()
    const added = readAddition(name)
    if (!added) return
    props.add(added.name, added.value)
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
