/** The field of one value: what is typed in it stays until it is stored, whatever others change meanwhile. */
import { useEffect, useRef, useState } from 'preact/hooks'
import * as Y from 'yjs'
import { at, type Spot } from './value_edits'
import { excerptOf, fieldOf, kindOf } from './value_kinds'
import { readField } from './value_reading'
import { isManyLines, rowsOf } from './value_rows'
import { changedBy, changeOf, inField } from './value_words'

interface FieldProps {
  value: unknown
  spot: Spot
  label: string
  readOnly: boolean
  change: (value: unknown, note?: string) => void
  say: (note: string) => void
}

export function Field({ value, spot, label, readOnly, change, say }: FieldProps) {
  const [typed, setTyped] = useState<{ field: string; text: string; value: unknown } | null>(null)
  const [isAll, setAll] = useState(false)
  const kind = kindOf(value)
  const { text, isWhole } = isAll ? { text: fieldOf(value), isWhole: true } : excerptOf(value)
  const shown = inField(text)
  const isFixed = readOnly || !isWhole || kind === 'XML' || kind === 'unknown'

  const store = () => {
    if (!typed) return
    setTyped(null)
    if (typed.text === typed.field) return
    if (value instanceof Y.Text) {
      const { at: place, gone, words } = changeOf(fieldOf(value), typed.field, typed.text)
      value.doc?.transact(() => {
        value.delete(place, gone)
        value.insert(place, words)
      })
      return say('')
    }
    const words = typeof value === 'string' && value ? changedBy(value, changeOf(value, typed.field, typed.text)) : typed.text
    const reading = readField(value, words)
    if ('refused' in reading) {
      // What was typed stays in the field, to be mended.
      setTyped(typed)
      say(reading.refused)
    } else change(reading.value, reading.note)
  }

  // Whoever goes while something is typed, or whose row somebody took away, has it stored all the same; not over what
  // somebody put there instead.
  const leaving = useRef(() => {})
  leaving.current = () => {
    const found = at(spot)
    if (typed && (!found || Object.is(found[0], value))) store()
  }
  useEffect(() => {
    const go = () => leaving.current()
    window.addEventListener('pagehide', go)
    return () => {
      window.removeEventListener('pagehide', go)
      go()
    }
  }, [])

  const common = {
    class: 'value-input',
    'aria-label': label,
    'data-testid': `value-${label}`,
    dir: 'auto' as const,
    value: typed?.text ?? shown,
    readOnly: isFixed,
    onInput: ({ currentTarget }: { currentTarget: { value: string } }) => setTyped({ field: typed?.field ?? shown, text: currentTarget.value, value: typed ? typed.value : value }),
    onBlur: store,
  }
  if (isManyLines(kind, typed?.field ?? shown)) {
    return (
      <span class="value-words">
        <textarea {...common} rows={rowsOf(common.value)} onKeyDown={(event) => {
          if (event.key === 'Escape') setTyped(null)
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) event.currentTarget.blur()
        }} />
        {!isWhole && kind !== 'bytes' && (
          <button class="small" data-testid={`all-${label}`} onClick={() => setAll(true)}>Show all</button>
        )}
        {!isWhole && kind === 'bytes' && <span class="faint">the first of them; a program can change these</span>}
      </span>
    )
  }
  return (
    <input {...common} onKeyDown={(event) => {
      if (event.key === 'Escape') setTyped(null)
      if (event.key === 'Enter') event.currentTarget.blur()
    }} />
  )
}
