"""What somebody is at a place by the words of the specification alone: shares nothing with `workspace/intents/rules`.

A rule is `(place, who, role)`. `who` is `@everyone`, `@agent`, `@ROLE` for a role in the workspace (`@guest` is one),
else a name.
"""

from __future__ import annotations

from collections.abc import Iterable

PlainRule = tuple[str, str, str]
ORDER = ["agent", "viewer", "commenter", "editor", "owner"]


def _speaking(rules: Iterable[PlainRule], doc: str, name: str, whom: list[str]) -> str | None:
    """Return the role given by the rule that counts: deepest place first, then the first of `whom`."""
    found = []
    for place, who, role in rules:
        is_here = place == doc or (place.endswith("/") and name.startswith(place))
        if is_here and who in whom:
            found.append((place == doc, len(place), -whom.index(who), role))
    return max(found)[3] if found else None


def role_of(rules: Iterable[PlainRule], *, doc: str, name: str, actor: str, role: str) -> str:
    """Return what a person is in a document, who is `role` in the workspace; a guest's name is nobody's."""
    people = [] if role == "guest" else [actor]
    return _speaking(rules, doc, name, [*people, f"@{role}", "@everyone"]) or role


def is_agent_let(rules: Iterable[PlainRule], *, doc: str, name: str) -> bool:
    """Tell whether the agent may change a document."""
    return _speaking(rules, doc, name, ["@agent"]) in (None, "editor")


def is_least(role: str, least: str) -> bool:
    """Tell whether a role is at least another; a guest stands as high as an owner."""
    rank, needed = (ORDER.index("owner" if one == "guest" else one) for one in (role, least))
    return rank >= needed
