/** Rules of rights in words, and as the form for owners knows them. */
import type { Group, Role, RoleRule, RuleRole } from '../client/wire'

export const ROLES: readonly RuleRole[] = ['viewer', 'commenter', 'editor']
/** What a form offers besides people by name. */
export const GROUPS: readonly { group: Group; label: string }[] = [
  { group: 'everyone', label: 'Everybody' },
  { group: 'editor', label: 'Every editor' },
  { group: 'commenter', label: 'Every commenter' },
  { group: 'viewer', label: 'Every viewer' },
  { group: 'owner', label: 'Every owner' },
  { group: 'guest', label: 'Every guest' },
  { group: 'agent', label: 'The agent' },
]
const CAN: Record<RuleRole, string> = { viewer: 'may only read', commenter: 'may suggest', editor: 'may edit' }

/** Why a document is read-only for somebody, to themself. */
export function readOnlyWords(role: Role, reason: string, me: string): string {
  const said = reason.startsWith(`${me} is `) ? `You are ${reason.slice(me.length + 4)}` : reason
  return `${role === 'viewer' ? 'Read-only for you.' : 'You may suggest here, not edit.'} ${said}`
}

/** For whom a rule is. */
export function whom({ actor, group }: Pick<RoleRule, 'actor' | 'group'>): string {
  return actor || (GROUPS.find((one) => one.group === group)?.label ?? '')
}

/** A rule in a sentence. */
export function ruleWords(rule: RoleRule): string {
  return `${whom(rule)} ${CAN[rule.role]}`
}

/** What is to stand where one rule is given, and the one for the same before is not any more. */
export function withRule(rules: readonly RoleRule[], rule: RoleRule): RoleRule[] {
  return [...withoutRule(rules, rule), rule]
}

/** The rest of some rules. */
export function withoutRule(rules: readonly RoleRule[], { actor, group }: RoleRule): RoleRule[] {
  return rules.filter((one) => (one.actor ?? '') !== (actor ?? '') || (one.group ?? '') !== (group ?? ''))
}

/** Rules of places as the log tells of them. */
export function givenWords(rights: Readonly<Record<string, readonly RoleRule[]>>, nameOf: (doc: string) => string): string {
  return Object.entries(rights)
    .map(([place, rules]) => `${place.endsWith('/') ? place : nameOf(place)}: ${rules.map(ruleWords).join(', ') || 'no rule any more'}`)
    .join('; ')
}
