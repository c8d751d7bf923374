/** Who may what in the open document: its rules, and a form for owners to give and take them. */
import { useEffect, useState } from 'preact/hooks'
import { byId } from '../client/names'
import type { RoleRule, RuleRole } from '../client/wire'
import type { OpenDocument } from './open_document'
import { GROUPS, ROLES, ruleWords, withoutRule, withRule } from './rights_words'
import { api, call } from './session'

interface Rights { places: Record<string, RoleRule[]>; notes?: string[] }
const PERSON = 'person'

export function RightsForm({ opened, close }: { opened: OpenDocument; close: () => void }) {
  const [rules, setRules] = useState<RoleRule[] | null>(null)
  const [whom, setWhom] = useState<string>('everyone')
  const [name, setName] = useState('')
  const [role, setRole] = useState<RuleRole>('viewer')
  const [problem, setProblem] = useState('')
  const [notes, setNotes] = useState<string[]>([])
  const place = byId(opened.id)
  const take = ({ places }: Rights) => setRules(places[place] ?? places[opened.name] ?? [])
  const fail = (error: unknown) => setProblem((error as Error).message)
  useEffect(() => void call<Rights>('GET', `${api}/rights`).then(take, fail), [opened.id, opened.name])
  const give = (next: RoleRule[]) => {
    setProblem('')
    setNotes([])
    call<Rights>('PUT', `${api}/rights`, { places: { [place]: next } }).then((given) => {
      take(given)
      setNotes(given.notes ?? [])
    }, fail)
  }
  const group = GROUPS.find((one) => one.group === whom)?.group
  const rule: RoleRule = group ? { role, group } : { role, actor: name.trim() }
  return (
    <form class="menu rights-form" data-testid="rights-form" aria-label={`Who may what in ${opened.name}`} onSubmit={(event) => {
      event.preventDefault()
      if (rules && (group || name.trim())) give(withRule(rules, rule))
    }}>
      <b>Who may what in “{opened.name}”</b>
      <ul>
        {(rules ?? []).map((one) => (
          <li key={ruleWords(one)}>
            {ruleWords(one)}
            <button type="button" class="ghost small" aria-label={`Take back: ${ruleWords(one)}`} onClick={() => give(withoutRule(rules ?? [], one))}>×</button>
          </li>
        ))}
      </ul>
      <p class="faint">{rules === null ? 'Loading…' : rules.length ? 'A person’s rule comes before a role’s, that before everybody’s.' : 'No rule of its own: everybody may what their role says.'}</p>
      <div class="rights-new">
        <select aria-label="For whom" value={whom} onChange={(event) => setWhom(event.currentTarget.value)}>
          {GROUPS.map(({ group: one, label }) => <option key={one} value={one}>{label}</option>)}
          <option value={PERSON}>One person…</option>
        </select>
        {whom === PERSON && <input aria-label="Name of the person" placeholder="Name" maxLength={64} value={name} onInput={(event) => setName(event.currentTarget.value)} />}
        <select aria-label="What they are here" value={role} onChange={(event) => setRole(event.currentTarget.value as RuleRole)}>
          {ROLES.map((one) => <option key={one} value={one}>{one}</option>)}
        </select>
        <button class="small primary" disabled={rules === null || (!group && !name.trim())}>Give</button>
        <button type="button" class="small" onClick={close}>Close</button>
      </div>
      {notes.map((note) => <p key={note} class="faint" role="status">{note}</p>)}
      {problem && <p class="bad" role="alert">{problem}</p>}
    </form>
  )
}
