"""The words of policies: what a chain is made of, how a decision names what decided it, and what it says of each.

A name with a version (`vote@1`) stands in the log for ever; when a policy comes to decide otherwise it gets the next
version, so that an auditor can tell which one a decision was made by (semantics §4).
"""

from __future__ import annotations

from typing import Final, Literal, get_args

Policy = Literal["priority", "first", "fair", "ask", "merge", "vote", "branch"]
POLICIES: tuple[Policy, ...] = get_args(Policy)
EditMode = Literal["suggest", "apply_and_flag", "ask"]
# What a decision means for one intent of its group.
Fate = Literal[
    "held", "run", "overruled", "suggested", "refused", "merge", "branch", "kept", "replaced", "withdrawn", "open",
]  # fmt: skip
# What is ruled where no member of a group wins: nobody, everybody, one instruction for all, variants side by side.
NONE, BOTH, MERGE, BRANCH = "none", "both", "merge", "branch"


class Policies:
    """The policies that a chain may name, by name."""

    PRIORITY: Final = "priority"
    FIRST: Final = "first"
    FAIR: Final = "fair"
    ASK: Final = "ask"
    MERGE: Final = "merge"
    VOTE: Final = "vote"
    BRANCH: Final = "branch"


class EditModes:
    """What happens to a plan that would overwrite what people typed unseen, by name."""

    SUGGEST: Final = "suggest"
    APPLY_AND_FLAG: Final = "apply_and_flag"
    ASK: Final = "ask"


class RuledBy:
    """How a decision names what decided it: a policy and its version."""

    PRIORITY: Final = "priority@1"
    FIRST: Final = "first@1"
    FAIR: Final = "fair@3"
    ASK: Final = "ask@1"
    MERGE: Final = "merge@1"
    VOTE: Final = "vote@1"
    BRANCH: Final = "branch@1"
    RIGHTS: Final = "rights@1"
    SCOPE: Final = "scope@1"
    APPROVE: Final = "approve@1"
    # No policy's word: a question taken back, because what it asked about has changed.
    CHANGED: Final = "changed@1"


class Fates:
    """What a decision means for one intent of its group, by name."""

    HELD: Final = "held"
    RUN: Final = "run"
    KEPT: Final = "kept"
    REPLACED: Final = "replaced"
    MERGE: Final = "merge"
    BRANCH: Final = "branch"
    OPEN: Final = "open"
    WITHDRAWN: Final = "withdrawn"
    OVERRULED: Final = "overruled"
    SUGGESTED: Final = "suggested"
    REFUSED: Final = "refused"


def edit_rule(mode: EditMode) -> str:
    """Return how a decision names the human-edit rule in this mode."""
    assert mode in get_args(EditMode), mode
    return f"human_edit:{mode}@1"


def policy_name(ruled: str) -> str:
    """Return the policy of a name with a version, as verdicts give it for their code."""
    name, _, version = ruled.partition("@")
    assert version.isdigit(), f"{ruled!r} has no version"
    return name
