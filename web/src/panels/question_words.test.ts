import { describe, expect, it } from 'vitest'
import { questionOf, viewOf } from '../client/fixtures'
import { answersWords, choiceLabel, choiceWords, footerWords, leftWords, otherOptions, secondsLeft } from './question_words'

const shown = (id: string, actor: string) => ({ id, actor, role: 'editor' as const, rank: 20, text: id, seen: 0, seq: 1 })
const options = [{ value: 'i1', label: 'Run the first' }, { value: 'i2', label: 'Run the second' }, { value: 'none', label: 'Neither' }]
const question = questionOf('q1', ['i1', 'i2'], { options, default: 'none', evidence: { intents: [shown('i1', 'Ana'), shown('i2', 'Ben')] } })
const log = { intents: new Map([['i1', viewOf('i1', { actor: 'Ana' })], ['i2', viewOf('i2', { actor: 'Ben' })]]), actor: 'Ana' }

describe('the time to answer', () => {
  it('counts whole seconds down to none', () => {
    expect([secondsLeft(100, 90_001), secondsLeft(100, 90_000), secondsLeft(100, 99_999), secondsLeft(100, 200_000)]).toEqual([10, 10, 1, 0])
  })

  it('hurries at its end', () => {
    expect([leftWords(15), leftWords(14), leftWords(0)]).toEqual([{ words: '15 s', hurry: false }, { words: '14 s', hurry: true }, { words: 'time is up', hurry: true }])
  })
})

describe('an answer', () => {
  it('stands beside its instruction, or with the others', () => {
    expect(otherOptions(question).map((option) => option.value)).toEqual(['none'])
    expect(otherOptions(questionOf('q', ['i1'], { options })).map((option) => option.value)).toEqual(['i1', 'i2', 'none'])
    expect([choiceLabel(log, question, 'i1'), choiceLabel(log, question, 'i2'), choiceLabel(log, question, 'i9')]).toEqual(['Run mine', 'Run Ben’s', null])
    expect(choiceLabel({ ...log, intents: new Map() }, question, 'i1')).toBe('Run this’s')
  })

  it('says that something is sent, or that what is done stays', () => {
    expect(choiceLabel(log, { ...question, evidence: { effects: [] } }, 'i1')).toBe('Approve and send')
    expect(choiceLabel(log, { ...question, evidence: { late: ['i1'] } }, 'i1')).toBe('Keep this')
  })

  it('is told to others in the words of its button', () => {
    expect([choiceWords('Ana', question, 'i1'), choiceWords('Ana', question, 'i2'), choiceWords('Ana', question, 'none'), choiceWords('Ana', question, 'own words')]).toEqual(['run yours', 'run Ben’s', 'Neither', 'own words'])
    expect(choiceWords('Ana', { ...question, evidence: { ...question.evidence, late: ['i2'] } }, 'i2')).toBe('keep Ben’s')
    expect(answersWords('Ana', question, new Map([['Ana', 'i1'], ['Ben', 'none']]))).toBe('Answered so far: you “run yours”, Ben “Neither”')
    expect(answersWords('Ana', question, new Map())).toBe('')
  })
})

describe('under a question', () => {
  it('stands whom it is for, before all else', () => {
    expect(footerWords(question, false, 'i1')).toMatch(/^This is for its authors/)
    expect(footerWords({ ...question, evidence: { effects: [] } }, false, '')).toMatch(/^An editor/)
  })

  it('stands that the answer is in, else what happens without one', () => {
    expect(footerWords(question, true, 'i1')).toMatch(/^Your answer is in/)
    expect(footerWords(question, true, '')).toBe('If it is not settled in time: Neither')
    expect(footerWords({ ...question, because: 'nobody is harmed' }, true, '')).toBe('If it is not settled in time: Neither, because nobody is harmed')
    expect(footerWords({ ...question, default: '' }, true, '')).toBe('If nobody answers, it is put away.')
  })
})
