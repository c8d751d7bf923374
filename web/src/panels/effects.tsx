/** What an instruction sends outside: shown in full before somebody approves it, and with its fate afterwards. */
import type { ShownEffect } from '../client/evidence'
import type { EffectView } from '../client/log_view'
import { fateOf, recipients } from './effect_words'

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
        const { to, words, tone, detail } = fateOf(effect)
        return (
          <li key={effect.i} data-status={effect.status}>
            {to}: <span class={tone} title={effect.detail}>{words}</span>
            {detail && <span class="faint"> {detail}</span>}
          </li>
        )
      })}
    </ul>
  )
}
