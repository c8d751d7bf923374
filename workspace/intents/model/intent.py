"""What somebody asked, and the states it can be in (semantics §1.2, §2).

An *intent* is one human act on the agent: an instruction, an override, a cancel, an answer, an approval, an undo.
It travels through exactly one path into one log, and ends in exactly one verdict.
"""

from __future__ import annotations

from typing import Final, Literal, TypeGuard, get_args

import msgspec

from crdt.digest import Json

IntentKind = Literal["do", "override", "cancel", "answer", "approve", "undo"]
# A guest is whoever an open server let in without a key: no name of theirs is shown to be theirs.
Role = Literal["owner", "guest", "editor", "commenter", "viewer", "agent"]
LiveState = Literal["parked", "queued", "planning", "ready", "held"]
TerminalState = Literal[
    "done", "merged", "overruled", "superseded", "suggested", "branched", "cancelled", "rejected", "expired", "failed"
]
State = LiveState | TerminalState


class Kinds:
    """The six kinds of intent, by name: what is compared is written like this and never as a bare word."""

    DO: Final = "do"
    OVERRIDE: Final = "override"
    CANCEL: Final = "cancel"
    ANSWER: Final = "answer"
    APPROVE: Final = "approve"
    UNDO: Final = "undo"


class States:
    """The states of an intent, by name: five while it is live, ten in which it may end."""

    PARKED: Final = "parked"
    QUEUED: Final = "queued"
    PLANNING: Final = "planning"
    READY: Final = "ready"
    HELD: Final = "held"
    DONE: Final = "done"
    MERGED: Final = "merged"
    OVERRULED: Final = "overruled"
    SUPERSEDED: Final = "superseded"
    SUGGESTED: Final = "suggested"
    BRANCHED: Final = "branched"
    CANCELLED: Final = "cancelled"
    REJECTED: Final = "rejected"
    EXPIRED: Final = "expired"
    FAILED: Final = "failed"


# What says in its own words what the agent shall do.
INSTRUCTIONS: tuple[IntentKind, ...] = (Kinds.DO, Kinds.OVERRIDE)
# What the agent carries out; an answer and a cancel are about something of these.
RUNNING_KINDS: frozenset[str] = frozenset({Kinds.DO, Kinds.OVERRIDE, Kinds.APPROVE, Kinds.UNDO})
LIVE: frozenset[str] = frozenset(get_args(LiveState))
TERMINAL: frozenset[str] = frozenset(get_args(TerminalState))

# Ranks go into the digest of what a decision looked at, so they stay as they are. There is room between for another.
RANKS: dict[str, int] = {"owner": 30, "guest": 30, "editor": 20, "commenter": 10, "viewer": 5, "agent": 0}

QUOTE_POINTS_MAX = 2_000
PATH_DEPTH_MAX = 16

Path = tuple[str | int, ...]


class Scope(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}, omit_defaults=True):
    """Where an instruction points: a text range by anchors, keys of a data document, or the whole document."""

    doc: str
    path: Path = ()
    from_: str | None = None
    to: str | None = None
    quote: str = ""
    keys: tuple[Path, ...] = ()

    @property
    def is_whole(self) -> bool:
        """True when the scope is the whole document."""
        return not self.keys and self.from_ is None


class Need(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an intent depends on in one document: base64 state vector, updates sent on that document's socket."""

    sv: str = ""
    sent: int = 0


class Expect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A dependency check in Bayou's sense: the value at `path` of `doc` when the plan is committed."""

    doc: str
    path: Path = ()
    equals: Json = None


class IntentContent(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What an intent says, whichever way it comes: each of these fields is spelt here and nowhere else."""

    kind: IntentKind = "do"
    text: str = ""
    scope: tuple[Scope, ...] | None = None
    refs: tuple[str, ...] = ()
    expects: tuple[Expect, ...] = ()
    value: str | None = None
    deadline: float | None = None


class IntentFrame(IntentContent, frozen=True, omit_defaults=True, kw_only=True):
    """An intent as a client sends it: `n` counts the lane's intents from 1, `seen` is the compose stamp."""

    n: int
    seen: int = 0
    needs: dict[str, Need] = {}


def frame_of(content: IntentContent, *, n: int, seen: int) -> IntentFrame:
    """Return the frame that says the same as `content`, as the lane's `n`-th intent."""
    said = {name: getattr(content, name) for name in IntentContent.__struct_fields__}
    return IntentFrame(n=n, seen=seen, **said)


def is_role(text: str) -> TypeGuard[Role]:
    """Tell whether a word from outside is one of the six roles."""
    return text in RANKS


def rank_of(role: str) -> int:
    """Return the authority of a role, 0 to 30; an unknown role has none."""
    return RANKS.get(role, 0)


class Region(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the workspace that settles conflicts by its own chain: a document, or a path of a data document."""

    doc: str
    chain: tuple[str, ...]
    path: Path = ()


class Forked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a workspace began: as another one after its record `at`."""

    ws: str
    at: int
