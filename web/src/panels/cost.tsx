/** What models have cost here: one line under an instruction, and the account of the workspace on demand. */
import { useEffect, useState } from 'preact/hooks'
import type { IntentCost } from '../client/log_view'
import type { Room } from '../client/room'
import { lazily } from '../page/lazily'
import { api, call } from '../page/session'
import { costWords, spentWords, type UsageReport } from './usage_words'

const UsageTables = lazily('the account', () => import('./usage_tables').then((module) => module.UsageTables))

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
