/** The account of a workspace: what each verdict and each model has cost. */
import { failedWords, money, savedWords, todayWords, tokensOf, type UsageReport } from './usage_words'

export function UsageTables({ report }: { report: UsageReport }) {
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
