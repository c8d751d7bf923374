/** Who is here, from what everybody says of themselves (awareness). What others say is not trusted to have any shape. */

export interface PresenceState {
  user?: { name?: string; color?: string; kind?: string }
  agent?: { status?: string; intents?: string[] }
}
/** `own` where this page is among the person's. */
export interface Person { name: string; own: boolean }
export interface Present {
  people: Person[]
  /** What the agent does; null where there is none. */
  agent: { status: string; words: string } | null
}

const WORDS: Record<string, string> = { planning: 'thinks', waiting: 'waits', stopped: 'is stopped' }

/** Who is here by name, each once, and the agent. `own` is this page's client id, `actor` its person as the server knows it. */
export function presentIn(states: Iterable<[number, PresenceState]>, own: number, actor: string, isStopped: boolean): Present {
  const all = [...states]
  const agent = all.find(([, state]) => state.user?.kind === 'agent')?.[1]
  const status = isStopped ? 'stopped' : (agent?.agent?.status ?? 'idle')
  const names = new Map<string, boolean>()
  for (const [client, { user }] of all) {
    if (!user?.name || user.kind === 'agent') continue
    const name = client === own ? actor || user.name : user.name
    // Whichever of a person's pages comes last.
    names.set(name, names.get(name) || client === own)
  }
  return {
    people: [...names].map(([name, isOwn]) => ({ name, own: isOwn })),
    agent: agent ? { status, words: WORDS[status] ?? '' } : null,
  }
}
