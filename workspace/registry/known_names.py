"""Who is known by name in a workspace: its members, holders of its keys, and whoever stands in its log."""

from __future__ import annotations

from collections.abc import Iterable

from workspace.intents.model.role_rules import RoleRule
from workspace.intents.state.fold import WorkspaceState
from workspace.names import is_same_name
from workspace.ports import Store

# Of so many names at most something is said, so that a thousand rules are no page of warnings.
NOTES_MAX = 20


def names_in(fold: WorkspaceState) -> set[str]:
    """Return the names that a workspace's log has already: under each of them stands what somebody did."""
    asked = {entry.actor for entry in fold.board.entries.values()}
    return asked | fold.members.keys() | set(fold.owners.values())


async def people_of(store: Store, ws: str) -> set[str]:
    """Return the names of whoever is or was a member of a workspace, or holds a key that opens it.

    Raises `StoreFault`.
    """
    keys, members = await store.tokens(ws), await store.members(ws)
    return {row.actor for row in keys if row.person is None} | {row.actor for row in members}


def notes_on(rules: Iterable[RoleRule], known: Iterable[str]) -> list[str]:
    """Return what to tell whoever gives rules: for whom of those named nobody is known, 20 at most.

    They stand all the same: whoever comes by that name tomorrow has them.
    """
    names = set(known)
    found = []
    for actor in dict.fromkeys(rule.actor for rule in rules if rule.group is None and rule.actor not in names):
        near = sorted(name for name in names if is_same_name(name, actor))
        meant = f" {near[0]} is: names differ by capital letters, too." if near else ""
        found.append(f"Nobody called {actor} is known here, so the rule is for whoever comes by that name.{meant}")
    return found[:NOTES_MAX]
