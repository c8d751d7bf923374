/** What an instruction sends outside: shown in full before somebody approves it, and with its fate afterwards. */
import type { EffectView } from './told'
import type { Json, ShownEffect } from './wire'

const STATUS: Record<string, [string, string]> = {
  waits: ['about to leave', ''],
  begun: ['is being sent…', ''],
  retry: ['will be tried again', 'bad'],
  sent: ['sent', 'good'],
  failed: ['not sent', 'bad'],
  unknown: ['may or may not have arrived', 'bad'],
  withdrawn: ['withdrawn before it left', ''],
}

function recipients(args: Record<string, Json>): string {
  return Array.isArray(args.to) ? args.to.join(', ') : String(args.to)
}

/** Exactly what would leave, to whom. */
export function Declared({ effects }: { effects: ShownEffect[] }) {
  return (
    <div class="effects" data-testid="declared-effects">
      {effects.map((effect) => (
        <dl class="effect" key={effect.i}>
          {effect.receiver.kind === 'mail' ? (
            <>
              <dt>Mail to</dt>
              <dd><b>{recipients(effect.args)}</b></dd>
              <dt>From</dt>
              <dd>{effect.receiver.address}</dd>
              <dt>Subject</dt>
              <dd>{String(effect.args.subject)}</dd>
              <dt>Text</dt>
              <dd><pre>{String(effect.args.text)}</pre></dd>
            </>
          ) : (
            <>
              <dt>Call</dt>
              <dd><b>{effect.tool}</b> <span class="faint">{effect.receiver.address}</span></dd>
              <dt>With</dt>
              <dd><pre>{JSON.stringify(effect.args.value, null, 1)}</pre></dd>
            </>
          )}
          <dt>{effect.class === 'irreversible' ? 'Cannot be taken back' : 'Can be taken back'}</dt>
        </dl>
      ))}
    </div>
  )
}

/** What became of each effect of a committed instruction. */
export function Fates({ effects }: { effects: EffectView[] }) {
  return (
    <ul class="fates" data-testid="effects" aria-live="polite">
      {effects.map((effect) => {
        const [words, tone] = STATUS[effect.status] ?? [effect.status, '']
        return (
          <li key={effect.i} data-status={effect.status}>
            {effect.args.to !== undefined ? `Mail to ${recipients(effect.args)}` : `Webhook ${effect.tool}`}:{' '}
            <span class={tone} title={effect.detail}>{words}</span>
            {effect.detail && tone === 'bad' && <span class="faint"> {effect.detail}</span>}
          </li>
        )
      })}
    </ul>
  )
}
