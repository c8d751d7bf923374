/** What this person is in the open document, by which rule of rights where one says so, and whether the replica still is what all have. */
import { RANKS, type RightsMessage, type Role } from './wire'

/** Whether a role may edit by hand. */
export function mayEdit(role: Role): boolean {
  return RANKS[role] >= RANKS.editor
}

export class Here {
  role: Role = 'viewer'
  /** By which rule; empty where the role in the workspace holds. */
  reason = ''
  /** Why the agent may not change this document; empty where it may. */
  agent = ''
  /** A rule refused what was written into this replica: only a new one is what everybody has. */
  voided = false

  /** A welcome: behind it the server says what a rule makes of it here, and nothing where none does. */
  welcome(role: Role): void {
    this.role = role
    this.reason = this.agent = ''
  }

  /** What the server says of this person here; `unsaved` where something was typed that is in nobody's log yet. */
  take({ role, reason = '', agent = '' }: RightsMessage, unsaved: boolean): void {
    // What was typed on the way to a lower role was refused, or will be.
    if (mayEdit(this.role) && !mayEdit(role) && unsaved) this.voided = true
    this.role = role
    this.reason = reason
    this.agent = agent
  }
}
