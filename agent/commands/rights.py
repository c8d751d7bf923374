"""`folkmoot rights`: what people, roles and the agent are in documents and folders; also beside a running server.

As with `folkmoot documents`, the change stands in the log when the command ends, and people there are told.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

from agent.commands.documents import carry_out
from agent.commands.records import must_exist, with_store
from agent.commands.serve import complain
from workspace.errors import Refusal
from workspace.history.read import read_all
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.role_rules import Group, RoleRule, RuleRole
from workspace.intents.state.fold import WorkspaceState
from workspace.intents.state.replay import fold_log
from workspace.names import is_actor
from workspace.ports import Store
from workspace.registry.given_rules import place_of, rules_by_id, rules_by_name
from workspace.registry.known_names import names_in, notes_on, people_of
from workspace.registry.outside import Decide

Change = Callable[[tuple[RoleRule, ...]], tuple[RoleRule, ...]]
GROUPS: dict[str, Group] = {str(group): group for group in get_args(Group)}
ROLES: dict[str, RuleRole] = {str(role): role for role in get_args(RuleRole)}


def listed(ws: str, database: str | None, data: Path | None) -> int:
    """Print the rules that stand: place, for whom, and the role."""

    async def work(store: Store) -> int:
        await must_exist(store, ws)
        for place, rules in rules_by_name(fold_log(*await read_all(store, ws))).items():
            for rule in rules:
                whom = f"person {rule.actor}" if rule.group is None else f"group {rule.group}"
                print(f"{place}  {whom}  {rule.role}")
        return 0

    return with_store(database, data, work)


def give(
    ws: str, place: str, role: str, person: str, group: str, actor: str, database: str | None, data: Path | None
) -> int:
    """Give a person or a group a role at a place; what others have there stays."""
    whom = _whom(person, group)
    if isinstance(whom, str):
        return complain(whom)
    if role not in ROLES:
        return complain(f"A rule gives one of {', '.join(ROLES)}.")
    rule = RoleRule(ROLES[role], *whom)

    def change(rules: tuple[RoleRule, ...]) -> tuple[RoleRule, ...]:
        return (*_without(rules, whom), rule)

    async def notes(store: Store) -> list[str]:
        known = await people_of(store, ws)
        if person and person not in known:
            known |= names_in(fold_log(*await read_all(store, ws)))
        return notes_on((rule,), known)

    said = f"The rules of {place} stand: they are in the log of {ws}."
    decide = _changing(place, change)
    return carry_out(ws, decide, actor=actor, said=said, database=database, data=data, notes=notes)


def clear(ws: str, place: str, person: str, group: str, actor: str, database: str | None, data: Path | None) -> int:
    """Take back the rules of a place, or the one for a person or a group."""
    whom = _whom(person, group) if person or group else None
    if isinstance(whom, str):
        return complain(whom)

    def change(rules: tuple[RoleRule, ...]) -> tuple[RoleRule, ...]:
        return _without(rules, whom) if whom is not None else ()

    theirs = " for them" if whom is not None else ""
    said, unchanged = (
        f"No rule of {place} stands any more{theirs}.",
        f"No rule of {place} stood{theirs}: there is none to clear.",
    )
    decide = _changing(place, change)
    return carry_out(ws, decide, actor=actor, said=said, database=database, data=data, unchanged=unchanged)


def _whom(person: str, group: str) -> tuple[str, Group | None] | str:
    """Return the person or the group that is meant, or what is wrong with it."""
    if bool(person) == bool(group):
        return "Name one: --person NAME or --group GROUP."
    if person and not is_actor(person):
        return "--person is a name of 1 to 64 printable characters."
    if group and group not in GROUPS:
        return f"--group is one of {', '.join(GROUPS)}."
    return person, GROUPS.get(group)


def _without(rules: tuple[RoleRule, ...], whom: tuple[str, Group | None]) -> tuple[RoleRule, ...]:
    return tuple(rule for rule in rules if (rule.actor, rule.group) != whom)


def _changing(place: str, change: Change) -> Decide:
    """Return what gives a place the rules that `change` makes of those which stand there."""

    def decide(fold: WorkspaceState) -> ConfigBody | Refusal | None:
        at = place_of(fold, place)
        if isinstance(at, Refusal):
            return at
        given = rules_by_id(fold, {place: change(fold.rights.places.get(at, ()))})
        return given if isinstance(given, Refusal) else ConfigBody(rights=given) if given else None

    return decide
