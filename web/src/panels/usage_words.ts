/** What models have cost, in words: on one instruction, on this page, in the workspace's account. */
import type { IntentCost } from '../client/log_view'

const MICROS = 1_000_000

/** Calls to one model, or of one kind. */
export interface UsageLine { calls: number; in: number; out: number; cached: number; cost: number }
/** The account of a workspace, as the server gives it. Costs are in US dollars. */
export interface UsageReport {
  total: UsageLine
  verdicts: Record<string, { intents: number; cost: number; each: number }>
  saved: { paid: number; strongest: number; saved: number; share: number | null }
  failures: UsageLine
  shadows: UsageLine & { compared: number; same_result: number }
  by_model: Record<string, UsageLine>
  by_author: Record<string, UsageLine>
  today: { spent: number; budget: number | null; authors: Record<string, number>; author_budget: number | null; intent_budget: number | null }
}

/** Dollars as people read them: cents with as many digits as it takes to see something. */
export function money(dollars: number): string {
  if (dollars === 0) return '$0'
  return dollars < 0.01 ? `$${dollars.toPrecision(2)}` : `$${dollars.toFixed(dollars < 1 ? 3 : 2)}`
}

/** What one instruction has cost, in how many calls, to which models. */
export function costWords({ micros, calls, failed, stopped, models }: IntentCost): string {
  const lost = (failed > 0 ? `, ${failed} failed` : '') + (stopped > 0 ? `, ${stopped} stopped` : '')
  return `${money(micros / MICROS)} · ${calls} ${calls === 1 ? 'call' : 'calls'}${lost} · ${[...models].join(', ')}`
}

/** What this page has seen spent. */
export function spentWords(costs: Iterable<Pick<IntentCost, 'micros'>>): string {
  const spent = [...costs].reduce((sum, cost) => sum + cost.micros, 0)
  return spent ? `${money(spent / MICROS)} on this page` : 'no model was asked yet'
}

/** All tokens that went in or out. */
export function tokensOf(line: UsageLine): number {
  return line.in + line.cached + line.out
}

/** What was spent today, and how much may be. */
export function todayWords({ spent, budget, author_budget: each }: UsageReport['today']): string {
  const bounds = (budget !== null ? ` of ${money(budget)} for everybody` : '') + (each !== null ? ` (${money(each)} a person)` : '')
  return `Today: ${money(spent)}${bounds || ', no budget is set'}`
}

/** What routing has saved; empty where there is nothing to compare with. */
export function savedWords({ saved, share }: UsageReport['saved']): string {
  if (share === null) return ''
  return `Routing saved ${money(Math.max(0, saved))} (${Math.round(share * 100)} %) against always asking the strongest model.`
}

/** What calls cost that brought nothing, and calls that only compare. */
export function failedWords({ failures, shadows }: Pick<UsageReport, 'failures' | 'shadows'>): string {
  const compared = shadows.calls > 0 ? `; shadow calls ${money(shadows.cost)}, ${shadows.same_result} of ${shadows.compared} with the same result` : ''
  return `Failed calls cost ${money(failures.cost)}${compared}.`
}
