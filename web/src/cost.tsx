/** What models have cost here: one line under an instruction, and the account of the workspace on demand. */
import { useEffect, useState } from 'preact/hooks'
import type { Room } from './room'
import type { IntentCost } from './told'
import { api, call } from './session'

interface Line { calls: number; in: number; out: number; cached: number; cost: number }
interface Account {
  total: Line
  verdicts: Record<string, { intents: number; cost: number; each: number }>
  saved: { paid: number; strongest: number; saved: number; share: number | null }
  failures: Line
  shadows: Line & { compared: number; same_result: number }
  by_model: Record<string, Line>
  by_author: Record<string, Line>
  today: { spent: number; budget: number | null; authors: Record<string, number>; author_budget: number | null; intent_budget: number | null }
}

/** Dollars as people read them: cents with as many digits as it takes to see something. */
export function money(dollars: number): string {
  if (dollars === 0) return '$0'
  return dollars < 0.01 ? `$${dollars.toPrecision(2)}` : `$${dollars.toFixed(dollars < 1 ? 3 : 2)}`
}

export function CostLine({ cost }: { cost: IntentCost }) {
  const failed = (cost.failed > 0 ? `, ${cost.failed} failed` : '') + (cost.stopped > 0 ? `, ${cost.stopped} stopped` : '')
  return (
    <p class="faint cost" data-testid="cost" title={[...cost.models].join(', ')}>
      {money(cost.micros / 1e6)} · {cost.calls} {cost.calls === 1 ? 'call' : 'calls'}
      {failed} · {[...cost.models].join(', ')}
    </p>
  )
}

export function Cost({ room }: { room: Room }) {
  const [account, setAccount] = useState<Account | null>(null)
  const [open, setOpen] = useState(false)
  const settled = [...room.intents.values()].filter((intent) => intent.verdict).length
  useEffect(() => {
    if (open) call<Account>('GET', `${api}/usage`).then(setAccount, () => setAccount(null))
  }, [open, settled])
  const spent = [...room.costs.values()].reduce((sum, cost) => sum + cost.micros, 0)
  return (
    <details class="activity" data-testid="usage" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        Cost <span class="faint">{spent ? `${money(spent / 1e6)} on this page` : 'no model was asked yet'}</span>
      </summary>
      {open && account && <Table account={account} />}
    </details>
  )
}

function Table({ account }: { account: Account }) {
  const { saved, failures, shadows, today } = account
  const budget = today.budget ?? today.author_budget
  return (
    <div class="account">
      <table>
        <thead>
          <tr><th>verdict</th><th>asked</th><th>cost</th><th>each</th></tr>
        </thead>
        <tbody>
          {Object.entries(account.verdicts).map(([state, own]) => (
            <tr key={state}><td>{state}</td><td>{own.intents}</td><td>{money(own.cost)}</td><td>{money(own.each)}</td></tr>
          ))}
        </tbody>
      </table>
      <table>
        <thead>
          <tr><th>model</th><th>calls</th><th>cost</th><th>tokens</th></tr>
        </thead>
        <tbody>
          {Object.entries(account.by_model).map(([model, line]) => (
            <tr key={model}><td>{model}</td><td>{line.calls}</td><td>{money(line.cost)}</td><td>{(line.in + line.cached + line.out).toLocaleString()}</td></tr>
          ))}
        </tbody>
      </table>
      <p>
        Today: {money(today.spent)}
        {today.budget !== null && ` of ${money(today.budget)} for everybody`}
        {today.author_budget !== null && ` (${money(today.author_budget)} a person)`}
        {budget === null && ', no budget is set'}
      </p>
      {saved.share !== null && (
        <p>
          Routing saved {money(Math.max(0, saved.saved))} ({Math.round(saved.share * 100)} %) against always asking the strongest model.
        </p>
      )}
      <p>
        Failed calls cost {money(failures.cost)}
        {shadows.calls > 0 && `; shadow calls ${money(shadows.cost)}, ${shadows.same_result} of ${shadows.compared} with the same result`}.
      </p>
    </div>
  )
}
