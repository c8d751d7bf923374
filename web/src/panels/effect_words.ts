/** An outside effect in words: to whom it goes, and what became of it. */
import type { EffectShown, EffectView } from '../client/log_view'
import type { Json } from '../client/wire'

export type Tone = '' | 'good' | 'bad'
export interface EffectFate { to: string; words: string; tone: Tone; detail: string }

const STATUS: Record<EffectShown, [string, Tone]> = {
  waits: ['about to leave', ''],
  sent: ['sent', 'good'],
  failed: ['not sent', 'bad'],
  unknown: ['may or may not have arrived', 'bad'],
}

/** Whom a mail is for. */
export function recipients(args: Record<string, Json>): string {
  return Array.isArray(args.to) ? args.to.join(', ') : String(args.to)
}

/** What became of an effect; the detail is said where it is bad news. */
export function fateOf({ tool, args, status, detail }: EffectView): EffectFate {
  // A newer server may know a fate that this page does not.
  const [words, tone] = STATUS[status] ?? [status, '']
  return { to: args.to !== undefined ? `Mail to ${recipients(args)}` : `Webhook ${tool}`, words, tone, detail: tone === 'bad' ? detail : '' }
}
