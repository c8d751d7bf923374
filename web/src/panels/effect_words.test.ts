import { describe, expect, it } from 'vitest'
import type { EffectView } from '../client/log_view'
import { fateOf, recipients } from './effect_words'

const mail: EffectView = { i: 0, tool: 'mail', args: { to: ['a@b.c', 'd@e.f'] }, status: 'waits', detail: 'x' }

describe('an outside effect', () => {
  it('says to whom it goes', () => {
    expect([recipients({ to: ['a', 'b'] }), recipients({ to: 'a' })]).toEqual(['a, b', 'a'])
    expect(fateOf(mail).to).toBe('Mail to a@b.c, d@e.f')
    expect(fateOf({ ...mail, tool: 'crm', args: { value: 1 } }).to).toBe('Webhook crm')
  })

  it('says what became of it, and why only where that is bad', () => {
    expect(fateOf(mail)).toMatchObject({ words: 'about to leave', tone: '', detail: '' })
    expect(fateOf({ ...mail, status: 'sent' })).toMatchObject({ words: 'sent', tone: 'good', detail: '' })
    expect(fateOf({ ...mail, status: 'failed' })).toMatchObject({ words: 'not sent', tone: 'bad', detail: 'x' })
    expect(fateOf({ ...mail, status: 'unknown' }).words).toBe('may or may not have arrived')
  })

  it('of a fate that this page does not know says its name', () => {
    expect(fateOf({ ...mail, status: 'lost' as EffectView['status'] })).toMatchObject({ words: 'lost', tone: '' })
  })
})
