"""Rules that say what somebody is at a place: in one document, or in a folder of them (semantics §1.5).

A *place* is a document, by its id, so that a rename keeps its rules; or a folder, a prefix of names that ends with `/`,
which no document's id or name does. A rule is for one person by name, or for a group: everybody with a role in the
workspace, the guests of an open server, everybody, or the agent. It may give less than the role in the workspace, or
more; never the owner's.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from workspace.intents.model.document_acts import LEAST_ROLE
from workspace.intents.model.intent import Role

RuleRole = Literal["editor", "commenter", "viewer"]
Group = Literal["owner", "editor", "commenter", "viewer", "guest", "everyone", "agent"]
Verb = Literal[
    "read", "edit", "instruct", "approve", "undo", "administer", "grant", "rename", "archive", "delete", "restore"
]  # fmt: skip
RULES_MAX = 1_000


class Groups:
    """The groups of rules that are nobody's role as a member, by name."""

    GUEST: Final = "guest"
    EVERYONE: Final = "everyone"
    AGENT: Final = "agent"


# Who may do what: the least role, in the workspace or where a rule gives another. To undo, as to instruct, is to ask:
# whoever may not edit has suggested it.
LEAST: dict[Verb, Role] = {
    "read": "viewer",
    "instruct": "commenter",
    "undo": "commenter",
    "edit": "editor",
    "approve": "editor",
    "rename": LEAST_ROLE["rename"],
    "archive": LEAST_ROLE["archive"],
    "delete": LEAST_ROLE["delete"],
    "restore": LEAST_ROLE["restore"],
    "administer": "owner",
    "grant": "owner",
}
# What an owner may whatever the rules say, so that nobody is locked out; what people write, rules hold for owners too.
OWNERS_ALWAYS: frozenset[Verb] = frozenset({"read", "administer", "grant", *LEAST_ROLE})


class RoleRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one person (`actor`) or a `group` is at the place under which this stands; it names one of the two."""

    role: RuleRole
    actor: str = ""
    group: Group | None = None

    @property
    def who(self) -> str:
        """For whom it is, in words."""
        if self.group is None:
            return self.actor
        return {"everyone": "everybody", "agent": "the agent"}.get(self.group, f"every {self.group}")


def is_folder(place: str) -> bool:
    """Tell whether a place is a folder, and not a document."""
    return place.endswith("/")


def folders_of(name: str) -> list[str]:
    """Return the folders in which a document of this name is, the deepest first."""
    parts = name.split("/")[:-1]
    return ["/".join(parts[:depth]) + "/" for depth in range(len(parts), 0, -1)]
