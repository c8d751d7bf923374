"""What a planner is given and what it may answer (semantics §1.4, §5).

A planner never touches a live document. It gets a `Task` with a snapshot and answers with a `Proposal`: typed
operations with what they were based on, a question to the author, or a refusal in plain words.
"""

from __future__ import annotations

import msgspec

from crdt.digest import canonical
from crdt.documents.pycrdt_document import DocumentKind
from crdt.operations.item_readings import Reading
from crdt.operations.ops import Op
from crdt.updates.exact_numbers import ExactValues
from workspace.intents.model.calls import Recorded, RouteTable
from workspace.intents.model.document_acts import DocumentAct
from workspace.intents.model.effects import Effect, Receiver
from workspace.intents.model.intent import Role, Scope

OPS_MAX = 500
READS_MAX = 1_000
SUMMARY_POINTS_MAX = 2_000
QUESTION_POINTS_MAX = 1_000
OPTIONS_MAX = 8
# What a planner is told of its author's earlier instructions: the newest six of the last 200 of the log.
EARLIER_MAX, EARLIER_POINTS_MAX, EARLIER_LOOKED_AT = 6, 500, 200
# The answers to the question where to work instead of a place that is gone.
WHOLE, NOT_AT_ALL = "whole", "none"


class Image(msgspec.Struct, frozen=True):
    """One document of a snapshot: its kind and its whole state as one Yjs v1 update.

    `exact` are the values in it whose bytes pycrdt would write otherwise; None where nobody has looked.
    """

    kind: DocumentKind
    state: bytes
    exact: ExactValues | None = None


class Snapshot(msgspec.Struct, frozen=True):
    """All documents of a workspace as they were after the record `seq`; those that were put away are not among them.

    `names` are their ids by name, `former` those of all documents, also of what was put away, by what each is called.
    """

    seq: int
    documents: dict[str, Image]
    names: dict[str, str] = {}
    former: dict[str, str] = {}


class Repair(msgspec.Struct, frozen=True):
    """Why the last plan for this task was not committed: the planner starts from its own operations.

    `base` is the snapshot it was made on, so that the planner can see what changed since; None after a restart.
    """

    code: str
    reason: str
    ops: tuple[Op, ...] = ()
    summary: str = ""
    base: Snapshot | None = None


class Exchange(msgspec.Struct, frozen=True):
    """A question that the agent asked earlier in this task, what was answered, and by whom: somebody above may."""

    question: str
    answer: str
    actor: str = ""


class Steer(msgspec.Struct, frozen=True):
    """What somebody who saw the agent at work added to its task, and where; `intent` is the one that said so."""

    intent: str
    actor: str
    text: str
    scope: tuple[Scope, ...] | None = None


class Earlier(msgspec.Struct, frozen=True):
    """An instruction that the author of this one had seen: what was asked, and how it ended."""

    intent: str
    actor: str
    text: str
    state: str
    summary: str = ""


class Task(msgspec.Struct, frozen=True):
    """One intent to plan: who asked for what, where it points, on which snapshot; `attempt` counts from 0.

    `fault` counts failures of the planner so far, `recorded` are model calls of this very try that a restart or a
    question interrupted, `budget_left` is the smallest share left of the budgets that apply (1.0: no bound is near).
    `undo` names a commit that is to be taken back: no planner's words are needed for that. `seconds_max` is how long
    its plan is waited for; 0 where nobody said.
    """

    workspace: str
    intent: str
    actor: str
    role: Role
    text: str
    scope: tuple[Scope, ...] | None
    snapshot: Snapshot
    attempt: int = 0
    repair: Repair | None = None
    exchanges: tuple[Exchange, ...] = ()
    steers: tuple[Steer, ...] = ()
    earlier: tuple[Earlier, ...] = ()
    writers: dict[str, tuple[str, ...]] = {}
    fault: int = 0
    recorded: tuple[Recorded, ...] = ()
    routes: RouteTable | None = None
    budget_left: float = 1.0
    strict: bool = False
    undo: str = ""
    receivers: dict[str, Receiver] = {}
    seconds_max: float = 0.0


class Tokens(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"read": "in", "written": "out"}):
    """What planning cost in model tokens; zero for the built-in planner."""

    read: int = 0
    written: int = 0


class Planned(msgspec.Struct, frozen=True, tag_field="proposal", tag="planned"):
    """Operations with the readings they stand on. Anchors and hashes refer to the task's snapshot.

    `serves` are the intents of those steers that it carries out beside the task's own; the others run by themselves.
    `acts` are what it does with documents as a whole, by name.
    """

    ops: tuple[Op, ...]
    reads: tuple[Reading, ...] = ()
    summary: str = ""
    effects: tuple[Effect, ...] = ()
    tokens: Tokens = Tokens()
    planner: str = ""
    serves: tuple[str, ...] = ()
    acts: tuple[DocumentAct, ...] = ()


class Option(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way to answer a question."""

    value: str
    label: str


class Asked(msgspec.Struct, frozen=True, tag_field="proposal", tag="asked"):
    """The planner needs its author's word before it can go on; no options means free text."""

    question: str
    options: tuple[Option, ...] = ()
    planner: str = ""


class PlanRefused(msgspec.Struct, frozen=True, tag_field="proposal", tag="refused"):
    """The planner will not or cannot do this: `reason` says why, `remedy` what would work."""

    code: str
    reason: str
    remedy: str = ""
    planner: str = ""


Proposal = Planned | Asked | PlanRefused


class Draft(msgspec.Struct, frozen=True):
    """Words the agent is writing: shown beside the document while it thinks, never part of it."""

    doc: str
    text: str


def whole(text: str) -> str:
    """Return a text from outside without halves of characters, which no frame and no record can hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def is_expressible(answer: object) -> bool:
    """Tell whether an answer from outside can stand in the log: no half of a character, no number that is none."""
    try:
        canonical(msgspec.to_builtins(answer)).decode()
    except (ValueError, RecursionError):
        return False
    return True
