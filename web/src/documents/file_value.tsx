/** A value that names a file: what that is called, how it looks where it is a picture, and a way to save it. */
import { useEffect, useState } from 'preact/hooks'
import { failureWords } from '../files/failure_words'
import { saveInBrowser } from '../files/save'
import { fileToSave, readFile, type FilePlace, type FileRead } from '../files/transfer'

export function FileValue({ id, place }: { id: string; place: () => FilePlace }) {
  const [read, setRead] = useState<FileRead | null>(null)
  const [problem, setProblem] = useState('')
  const [address, setAddress] = useState('')
  const [tries, setTries] = useState(0)
  useEffect(() => {
    const over = new AbortController()
    let shown = ''
    setRead(null)
    setProblem('')
    setAddress('')
    readFile(place(), id, over.signal).then(
      (found) => {
        if (over.signal.aborted) return
        if (found.picture) setAddress((shown = URL.createObjectURL(found.picture)))
        setRead(found)
      },
      (error: unknown) => over.signal.aborted || setProblem(failureWords(error, 'file')),
    )
    return () => {
      over.abort()
      if (shown) URL.revokeObjectURL(shown)
    }
  }, [id, tries])
  const save = () => void fileToSave(place(), id, read?.name ?? '').then(saveInBrowser, (error: unknown) => setProblem(failureWords(error, 'file')))
  if (problem) return <span class="faint" role="status" data-testid="file-value">{problem} <button class="small" onClick={() => setTries(tries + 1)}>Try again</button></span>
  return (
    <span class="row" data-testid="file-value" style={{ display: 'inline-flex', gap: '8px', alignItems: 'center', minHeight: '40px' }}>
      {address && <img src={address} alt="" style={{ maxWidth: '64px', maxHeight: '40px', borderRadius: '4px' }} />}
      <span class="faint" style={{ overflowWrap: 'anywhere' }}>{read ? read.name || 'a file' : 'Loading …'}</span>
      {read && <button class="small" aria-label={`Save ${read.name || 'this file'}`} onClick={save}>↓ Save</button>}
    </span>
  )
}
