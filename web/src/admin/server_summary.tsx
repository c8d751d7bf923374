/** What the server is, in a handful of figures. */
import type { ServerCard } from './answers'
import { countWords, formatWords, notedWords, sizeWords, spanWords } from './words'

export function ServerSummary({ server, now }: { server: ServerCard; now: number }) {
  const { database } = server
  return (
    <section class="summary" data-testid="summary" aria-label="The server">
      <dl>
        <Figure name="Version" value={server.version} more={formatWords(database)} />
        <Figure name="Running for" value={server.uptime_s === null ? '–' : spanWords(server.uptime_s)} />
        <Figure name="Database" value={database.bytes ? sizeWords(database.bytes) : '–'} more={database.kind} />
        <Figure name="Workspaces" value={server.workspaces.toLocaleString('en')} more={`${server.rooms ?? 0} open here`} />
        <Figure name="Connected" value={String(server.sockets ?? '–')} more={countWords(server.keys, 'token or session', 'tokens and sessions')} />
        <Figure name="Last backup" value={notedWords(server.backup, now)} isLong isMissing={!server.backup} />
        <Figure name="Last anchor" value={notedWords(server.anchor, now)} isLong isMissing={!server.anchor} />
      </dl>
    </section>
  )
}

function Figure({ name, value, more, isLong, isMissing }: { name: string; value: string; more?: string; isLong?: boolean; isMissing?: boolean }) {
  return (
    <div class={isLong ? 'figure long' : 'figure'}>
      <dt>{name}</dt>
      <dd class={isMissing ? 'missing' : ''}>{value}</dd>
      {more && <dd class="faint">{more}</dd>}
    </div>
  )
}
