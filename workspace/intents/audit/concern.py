"""What an intent's words may have gone into: the plans, commits, decisions, questions and model calls of a log.

`near` are intents whose outcome was made of its words too: one it joined or was merged with, an approval of it, an
undo of its commit, the instruction whose question it answered. Their own words stay their authors'.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from workspace.intents.model.bodies import OracleKinds, RecordKinds
from workspace.intents.model.causality import Stamp, happened_before
from workspace.intents.model.ids import call_id
from workspace.intents.model.intent import RUNNING_KINDS, Kinds
from workspace.intents.model.oracle import Opinions
from workspace.intents.model.plan import EARLIER_LOOKED_AT, EARLIER_MAX

Body = dict[str, Any]  # a record's body as JSON


class ConcernPart(NamedTuple):
    """One record: its place, its kind and its body as JSON."""

    seq: int
    kind: str
    body: Body


@dataclass(slots=True)
class Concern:
    """Everything that one intent's words may stand in.

    `answers` are answers to what the agent asked about it, `noted` intents that were told it may not fit, `waiting`
    intents that have not ended or whose effects have not, `choices` the number of each option of the agent's questions.
    """

    intent: str
    text: str
    value: str
    near: set[str]
    commits: set[str] = field(default_factory=set)
    decisions: set[str] = field(default_factory=set)
    answers: set[str] = field(default_factory=set)
    noted: set[str] = field(default_factory=set)
    waiting: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)
    choices: dict[str, dict[str, int]] = field(default_factory=dict)

    def is_near(self, ids: Iterable[str]) -> bool:
        """Tell whether one of these was made of the intent's words."""
        return not self.near.isdisjoint(ids)


def concern_of(parts: Sequence[ConcernPart], intent: str) -> Concern | None:
    """Return what an intent's words went into; None when there is no such intent."""
    body = next((part.body for part in parts if part.kind == RecordKinds.INTENT and part.body["id"] == intent), None)
    if body is None:
        return None
    concern = Concern(intent, body.get("text") or "", body.get("value") or "", {intent})
    asked = {
        part.body["question"]["id"]: part.body["question"]
        for part in parts
        if part.kind == RecordKinds.ORACLE and part.body.get("question")
    }
    merged = [
        part.body["merged"]["group"] for part in parts if part.kind == RecordKinds.ORACLE and part.body.get("merged")
    ]
    size = 0
    while size != len(concern.near):
        size = len(concern.near)
        for part in parts:
            _follow(concern, part, asked, merged)
    for id, question in asked.items():
        if question["group"][0] in concern.near:
            concern.choices[id] = {option["value"]: at for at, option in enumerate(question["options"], 1)}
    assert intent in concern.near, "its own words are near it"
    concern.waiting = _waiting(parts)
    return concern


def _follow(concern: Concern, part: ConcernPart, asked: dict[str, Body], merged: list[list[str]]) -> None:
    """Go one step on: what this record makes of what is known to be near."""
    body, near = part.body, concern.near
    match part.kind:
        case RecordKinds.INTENT:
            _follow_intent(concern, body, asked)
        case RecordKinds.ORACLE:
            kind = body["oracle"]
            groups = [group for group in merged if concern.intent in group] if kind == OracleKinds.CARRIES else []
            if (kind == OracleKinds.STEERED and body.get("source") in near) or any(
                body["intent"] in group for group in groups
            ):
                near.add(body["intent"])
            for judgement in body.get("judgements") or ():
                if concern.intent in judgement["pair"] and judgement["opinion"] == Opinions.UNSURE:
                    concern.noted.update(judgement["pair"])
        case RecordKinds.DECISION if concern.is_near(body["group"]):
            concern.decisions.add(body["decision"])
        case RecordKinds.COMMIT if concern.is_near(body["intents"]):
            concern.commits.add(body["commit"])
        case _:
            pass


def _follow_intent(concern: Concern, body: Body, asked: dict[str, Body]) -> None:
    refs, near = body.get("refs") or [""], concern.near
    made_of = {Kinds.APPROVE: near, Kinds.UNDO: concern.commits}.get(body["kind"], ())
    if refs[0] in made_of:
        near.add(body["id"])
    elif body["kind"] == Kinds.ANSWER and refs[0] in asked:
        about = asked[refs[0]]["group"][0]
        if body["id"] == concern.intent:
            near.add(about)
        elif about in near:
            concern.answers.add(body["id"])


def _waiting(parts: Sequence[ConcernPart]) -> set[str]:
    """Return the intents without a verdict, and those of commits with effects that nothing has settled."""
    waiting, effects = set[str](), dict[str, tuple[set[int], list[str]]]()
    for part in parts:
        match part.kind:
            case RecordKinds.INTENT:
                waiting.add(part.body["id"])
            case RecordKinds.VERDICT:
                waiting.discard(part.body["intent"])
            case RecordKinds.COMMIT if part.body.get("effects"):
                effects[part.body["commit"]] = ({one["i"] for one in part.body["effects"]}, part.body["intents"])
            case RecordKinds.EFFECT if part.body["commit"] in effects:
                effects[part.body["commit"]][0].discard(part.body["i"])
            case RecordKinds.CONFIG if part.body.get("forked"):
                effects.clear()
            case _:
                pass
    return waiting.union(*(ids for left, ids in effects.values() if left))


def calls_of(parts: Sequence[ConcernPart], concern: Concern) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the archive's names of requests and responses: of calls that were told the words, and of other later ones.

    A call is told them when it serves an intent that is near, or one whose author had said or seen such an intent
    before: planners are given a person's earlier instructions.
    """
    history = _Conversations(parts)
    since = history.stamps[concern.intent].seq
    told, later = set[str](), set[str]()
    theirs: dict[str, set[str]] = {}
    for part in parts:
        opened, closed = part.body.get("opened"), part.body.get("closed")
        if part.kind != RecordKinds.ORACLE or part.seq < since:
            continue
        if opened:
            ids = opened["intents"]
            is_told = concern.is_near(ids) or any(history.tells(concern.near, id) for id in ids)
            theirs[call_id(part.seq)] = told if is_told else later
            concern.calls.update([call_id(part.seq)] if is_told else [])
            theirs[call_id(part.seq)].add(opened["request"])
        elif closed and closed["call"] in theirs and closed.get("response"):
            theirs[closed["call"]].add(closed["response"])
    return tuple(sorted(told)), tuple(sorted(later - told))


class _Conversations:
    """Which earlier instructions a planner may have been told with an intent; may name one too many (`earlier_of`)."""

    def __init__(self, parts: Sequence[ConcernPart]) -> None:
        intents = [part for part in parts if part.kind == RecordKinds.INTENT]
        self.stamps = {p.body["id"]: Stamp(p.seq, p.body["lane"], p.body["n"], p.body["seen"]) for p in intents}
        self._bodies = {part.body["id"]: part.body for part in intents}
        self._ended = {part.body["intent"]: part.seq for part in parts if part.kind == RecordKinds.VERDICT}
        self._order = [p.body["id"] for p in intents if p.body["kind"] in RUNNING_KINDS]
        self._at = {id: at for at, id in enumerate(self._order)}

    def tells(self, near: set[str], intent: str) -> bool:
        """Tell whether what an intent's planner was given may name one that is near."""
        body, stamp = self._bodies[intent], self.stamps[intent]
        if body["kind"] == Kinds.APPROVE and body.get("refs") and self.tells(near, body["refs"][0]):
            return True
        newer = 0
        for id in islice(reversed(self._order[: self._at.get(intent, 0)]), EARLIER_LOOKED_AT):
            if newer == EARLIER_MAX:
                return False
            if not happened_before(self.stamps[id], stamp):
                continue
            if id in near:
                return True
            newer += self._ended.get(id, stamp.seq) < stamp.seq
        return False
