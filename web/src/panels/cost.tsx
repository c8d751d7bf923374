/** What models have cost here: one line under an instruction, and the account of the workspace on demand. */
import { useEffect, useState } from 'preact/hooks'
import type { IntentCost } from '../client/log_view'
import type { Room } from '../client/room'
import { api, call } from '../page/session'
import { costWords, failedWords, money, savedWords, spentWords, todayWords, tokensOf, type UsageReport } from './usage_words'

export function CostLine({ cost }: { cost: IntentCost }) {
  return <p class="faint cost" data-testid="cost" title={[...cost.models].join(', ')}>{costWords(cost)}</p>
}

export function Cost({ room }: { room: Room }) {
  const [report, setReport] = useState<UsageReport | null>(null)
  const [open, setOpen] = useState(false)
  const settled = [...room.intents.values()].filter((intent) => intent.verdict).length
  useEffect(() => {
    if (open) call<UsageReport>('GET', `${api}/usage`).then(setReport, () => setReport(null))
  }, [open, settled])
  return (
    <details class="activity" data-testid="usage" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        Cost <span class="faint">{spentWords(room.costs.values())}</span>
      </summary>
      {open && report && <UsageTables report={report} />}
    </details>
  )
}

function UsageTables({ report }: { report: UsageReport }) {
  const saved = savedWords(report.saved)
  return (
    <div class="account">
      <table>
        <thead>
          <tr><th>verdict</th><th>asked</th><th>cost</th><th>each</th></tr>
        </thead>
        <tbody>
          {Object.entries(report.verdicts).map(([state, own]) => (
            <tr key={state}><td>{state}</td><td>{own.intents}</td><td>{money(own.cost)}</td><td>{money(own.each)}</td></tr>
          ))}
        </tbody>
      </table>
      <table>
        <thead>
          <tr><th>model</th><th>calls</th><th>cost</th><th>tokens</th></tr>
        </thead>
        <tbody>
          {Object.entries(report.by_model).map(([model, line]) => (
            <tr key={model}><td>{model}</td><td>{line.calls}</td><td>{money(line.cost)}</td><td>{tokensOf(line).toLocaleString()}</td></tr>
          ))}
        </tbody>
      </table>
      <p>{todayWords(report.today)}</p>
      {saved && <p>{saved}</p>}
      <p>{failedWords(report)}</p>
    </div>
  )
}
