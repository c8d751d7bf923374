import { describe, expect, it } from 'vitest'
import { costWords, failedWords, money, savedWords, spentWords, todayWords, tokensOf } from './usage_words'

const line = { calls: 0, in: 0, out: 0, cached: 0, cost: 0 }

describe('money', () => {
  it('has as many digits as it takes to see something', () => {
    expect([0, 0.0000123, 0.00456, 0.01, 0.5, 0.9996, 1, 12.345].map(money)).toEqual(['$0', '$0.000012', '$0.0046', '$0.010', '$0.500', '$1.000', '$1.00', '$12.35'])
  })
})

describe('the cost of an instruction', () => {
  it('names calls that failed or were stopped only where there are some', () => {
    const cost = { micros: 20_000, calls: 1, failed: 0, stopped: 0, models: new Set(['small']) }
    expect(costWords(cost)).toBe('$0.020 · 1 call · small')
    expect(costWords({ ...cost, calls: 3, failed: 1, stopped: 2, models: new Set(['small', 'large']) })).toBe('$0.020 · 3 calls, 1 failed, 2 stopped · small, large')
  })

  it('is added up for the page', () => {
    expect(spentWords([{ micros: 1_500_000 }, { micros: 500_000 }])).toBe('$2.00 on this page')
    expect(spentWords([])).toBe('no model was asked yet')
  })
})

describe('the account', () => {
  it('counts all tokens', () => {
    expect(tokensOf({ ...line, in: 100, out: 20, cached: 3 })).toBe(123)
  })

  it('says what bounds there are', () => {
    const today = { spent: 0.5, budget: null, authors: {}, author_budget: null, intent_budget: null }
    expect(todayWords(today)).toBe('Today: $0.500, no budget is set')
    expect(todayWords({ ...today, budget: 2 })).toBe('Today: $0.500 of $2.00 for everybody')
    expect(todayWords({ ...today, author_budget: 1 })).toBe('Today: $0.500 ($1.00 a person)')
    expect(todayWords({ ...today, budget: 2, author_budget: 1 })).toBe('Today: $0.500 of $2.00 for everybody ($1.00 a person)')
  })

  it('never says that less than nothing was saved', () => {
    expect(savedWords({ paid: 0, strongest: 0, saved: 0, share: null })).toBe('')
    expect(savedWords({ paid: 2, strongest: 1, saved: -1, share: 0 })).toBe('Routing saved $0 (0 %) against always asking the strongest model.')
    expect(savedWords({ paid: 1, strongest: 4, saved: 3, share: 0.754 })).toContain('$3.00 (75 %)')
  })

  it('tells shadow calls only where there were some', () => {
    const shadows = { ...line, compared: 4, same_result: 3 }
    expect(failedWords({ failures: { ...line, cost: 0.25 }, shadows })).toBe('Failed calls cost $0.250.')
    expect(failedWords({ failures: line, shadows: { ...shadows, calls: 4, cost: 1 } })).toBe('Failed calls cost $0; shadow calls $1.00, 3 of 4 with the same result.')
  })
})
