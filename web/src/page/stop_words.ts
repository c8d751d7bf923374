/** A stopped agent in words: who may stop it and let it go on, where it is stopped, since when. */
import { RANKS, type Role, type Stop, type StopScope } from '../client/wire'

/** Whether this person may stop the agent here: an owner or a guest of an open server, and only once. */
export function mayStopAgent(role: Role, stops: readonly Stop[]): boolean {
  return RANKS[role] >= RANKS.owner && !stops.some((stop) => stop.scope === 'workspace')
}

/** Whether this person may let it go on: the same, where it is stopped here; the server's own stop ends on the server. */
export function mayLetGoOn(role: Role, stop: Pick<Stop, 'scope'>): boolean {
  return stop.scope === 'workspace' && RANKS[role] >= RANKS.owner
}

/** How far a stop reaches, as the end of a sentence. */
export function reachOf(scope: StopScope): string {
  return scope === 'server' ? ' on the whole server' : ''
}

/** The time of day; the date too where it is another day's than `now`. What is no time stays as it is. */
export function clockOf(since: string, now: Date): string {
  const at = new Date(since)
  if (Number.isNaN(at.getTime())) return since
  const time = at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })
  return at.toDateString() === now.toDateString() ? time : `${at.toLocaleDateString()}, ${time}`
}
