/** A data document as an editable tree of names and values, bound to the shared map: each list and object draws itself again. */
import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { upload } from '../client/upload'
import { placeOfProvider } from '../files/file_place'
import { fileOf } from '../files/references'
import type { FilePlace } from '../files/transfer'
import { ValueUpload } from '../files/value_upload'
import { FileValue } from './file_value'
import { at, isSameSpot, partsOf, put, spotNamed, takeAway, type Part, type Spot } from './value_edits'
import { Field } from './value_field'
import { hasParts, kindOf, valueKindWords } from './value_kinds'
import { watchList } from './value_lists'
import { asKind, KINDS_GIVEN, readAddition } from './value_reading'
import { labelOf, pageOf, shownOf } from './value_rows'

export function Values(props: { provider: WebsocketProvider; readOnly: boolean }) {
  const place = useMemo(() => () => placeOfProvider(props.provider), [props.provider])
  return (
    <div class="values" data-testid="values">
      <Branch value={props.provider.doc.getMap('data')} spot={null} path={[]} readOnly={props.readOnly} place={place} />
    </div>
  )
}

interface BranchProps { value: unknown; spot: Spot | null; path: readonly (string | number)[]; readOnly: boolean; place: () => FilePlace }

function Branch({ value, spot, path, readOnly, place }: BranchProps) {
  const [, redraw] = useState(0)
  const [words, setWords] = useState('')
  const [pages, setPages] = useState(1)
  useEffect(() => {
    if (!(value instanceof Y.AbstractType)) return undefined
    const changed = () => redraw((count) => count + 1)
    value.observe(changed)
    if (value instanceof Y.Array) watchList(value)
    // What came between the drawing and this was told to nobody.
    changed()
    return () => value.unobserve(changed)
  }, [value])
  const parts = partsOf(value, spot)
  const { shown, left, isLong } = shownOf(parts, words, pages)
  const isList = kindOf(value) === 'list'
  const rowFor = useKept(readOnly, (part) => <ValueRow key={part.row} part={part} path={path} isItem={isList} readOnly={readOnly} place={place} />)
  return (
    <ul>
      {isLong && (
        <li>
          <input class="value-find" type="search" value={words} placeholder={isList ? 'find an item by its number' : 'find by name'} aria-label="Find a value" data-testid="value-find" onInput={(event) => setWords(event.currentTarget.value)} />
        </li>
      )}
      {shown.map(rowFor)}
      {left > 0 && (
        <li>
          <button class="small" data-testid="value-more" onClick={() => setPages(pages + 1)}>Show {pageOf(left)} more of {left.toLocaleString('en')}</button>
        </li>
      )}
      {!readOnly && !isList && <Adder holder={value} spot={spot} />}
      {parts.length === 0 && readOnly && <li class="faint">empty</li>}
    </ul>
  )
}

/** The rows of parts; one whose part is the same as before is the same row, which is not drawn again. */
function useKept(readOnly: boolean, draw: (part: Part) => JSX.Element): (part: Part) => JSX.Element {
  const kept = useRef(new Map<string, { part: Part; readOnly: boolean; row: JSX.Element }>())
  return (part) => {
    const before = kept.current.get(part.row)
    const isSame = before && before.readOnly === readOnly && before.part.name === part.name && Object.is(before.part.value, part.value) && isSameSpot(before.part.spot, part.spot)
    const row = isSame ? before.row : draw(part)
    kept.current.set(part.row, { part, readOnly, row })
    return row
  }
}

interface ValueRowProps { part: Part; path: readonly (string | number)[]; isItem: boolean; readOnly: boolean; place: () => FilePlace }

function ValueRow({ part, path, isItem, readOnly, place }: ValueRowProps) {
  const { name, spot, value } = part
  const here = [...path, name]
  const label = labelOf(here)
  const [note, setNote] = useState('')
  const [isOpen, setOpen] = useState(here.length <= 6)
  useSharedWords(value)
  const change = (next: unknown, said = '') => {
    put(spot, next)
    setNote(said)
  }
  const [, redraw] = useState(0)
  const coming = useMemo(() => new ValueUpload((file, options) => upload(place(), file, options), () => redraw((count) => count + 1)), [])
  const bring = (event: Event, data: DataTransfer | null) => {
    const file = data?.files[0]
    if (!file || hasParts(value)) return
    // Else the browser opens it in place of the page.
    event.preventDefault()
    if (!readOnly) void coming.bring(file, change)
  }
  const id = fileOf(value)
  const said = isItem ? `item ${Number(name) + 1}` : String(name)
  return (
    <li>
      <div
        class="value-row"
        onDragOver={(event) => event.dataTransfer?.types.includes('Files') && event.preventDefault()}
        onDrop={(event) => bring(event, event.dataTransfer)}
        onPaste={(event) => bring(event, event.clipboardData)}
      >
        <span class="value-name" dir="auto">{isItem ? `${Number(name) + 1}.` : name === '' ? <i class="faint">no name</i> : name}</span>
        {hasParts(value) ? (
          <span class="value-kind wide">{valueKindWords(value)}</span>
        ) : (
          <>
            <Field value={value} spot={spot} label={label} readOnly={readOnly} change={change} say={setNote} />
            <Mark value={value} label={label} readOnly={readOnly} change={change} say={setNote} />
          </>
        )}
        {!readOnly && (
          <button class="ghost small" title={`Remove ${said}`} aria-label={`Remove ${said}`} onClick={() => takeAway(spot)}>
            ×
          </button>
        )}
      </div>
      {note && <Note>{note}</Note>}
      {id && <FileValue id={id} place={place} />}
      {(coming.percent !== null || coming.said) && (
        <p class="faint" role="status" data-testid="value-arrival">
          {coming.said || `${coming.percent} %`}{' '}
          {coming.canTryAgain && <button class="small" onClick={() => coming.again(change)}>Try again</button>}{' '}
          <button class="small" onClick={() => coming.cancel()}>{coming.said ? 'Close' : 'Cancel'}</button>
        </p>
      )}
      {hasParts(value) && (isOpen ? (
        <Branch value={value} spot={value instanceof Y.AbstractType ? null : spot} path={here} readOnly={readOnly} place={place} />
      ) : (
        <button class="small" data-testid={`open-${label}`} onClick={() => setOpen(true)}>Show what is in {said}</button>
      ))}
    </li>
  )
}

function Note(props: { children: ComponentChildren }) {
  return <p class="value-note" role="status" data-testid="value-note">{props.children}</p>
}

/** Draw again when a shared text or XML under a key changes. */
function useSharedWords(value: unknown): void {
  const [, redraw] = useState(0)
  useEffect(() => {
    if (!(value instanceof Y.Text || value instanceof Y.XmlFragment)) return undefined
    const changed = () => redraw((count) => count + 1)
    value.observeDeep(changed)
    changed()
    return () => value.unobserveDeep(changed)
  }, [value])
}

interface MarkProps { value: unknown; label: string; readOnly: boolean; change: (value: unknown) => void; say: (note: string) => void }

/** What kind a value is, and the menu that gives it another. */
function Mark({ value, label, readOnly, change, say }: MarkProps) {
  const [isRefused, refuse] = useState(0)
  const kind = kindOf(value)
  if (readOnly || kind === 'XML' || kind === 'unknown') return <span class="value-kind" data-testid={`kind-${label}`}>{valueKindWords(value)}{readOnly ? '' : ', read-only'}</span>
  const choose = (chosen: string) => {
    const wanted = KINDS_GIVEN.find((one) => one === chosen)
    if (!wanted || wanted === kind) return
    const reading = asKind(value, wanted)
    if ('refused' in reading) {
      say(reading.refused)
      // The menu shows what is so, not what was chosen.
      refuse(isRefused + 1)
    } else change(reading.value)
  }
  return (
    <select key={isRefused} class="value-kind" aria-label={`Kind of ${label}`} data-testid={`kind-${label}`} value={kind} onChange={(event) => choose(event.currentTarget.value)}>
      {!KINDS_GIVEN.includes(kind) && <option value={kind}>{valueKindWords(value)}</option>}
      {KINDS_GIVEN.map((one) => <option key={one} value={one}>{one === kind ? valueKindWords(value) : one}</option>)}
    </select>
  )
}

function Adder({ holder, spot }: { holder: unknown; spot: Spot | null }) {
  const [typed, setTyped] = useState('')
  const [note, setNote] = useState('')
  const submit = (event: Event) => {
    event.preventDefault()
    const added = readAddition(typed)
    const place = added && spotNamed(holder, spot, added.name)
    if (!added || !place) return
    if (at(place)) return setNote(`“${added.name}” is there already: change it in its row.`)
    if ('refused' in added.reading) return setNote(added.reading.refused)
    put(place, added.reading.value)
    setTyped('')
    setNote(added.reading.note ?? '')
  }
  return (
    <li>
      <form class="value-add" onSubmit={submit}>
        <input value={typed} placeholder="name = value" aria-label="Add a value" onInput={(event) => setTyped(event.currentTarget.value)} />
      </form>
      {note && <Note>{note}</Note>}
    </li>
  )
}
