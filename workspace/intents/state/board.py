"""Where every intent stands: a fold of the log (semantics §2).

No second table could disagree: the board is built by `apply` and by nothing else, live and in replay alike. In-flight
planning is not in the log, so an intent being planned stands here as `queued`; what is known beside the log is kept
beside the board (`live_board.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from workspace.intents.model.bodies import (
    Answer,
    CommitBody,
    ConfigBody,
    DecisionBody,
    IntentBody,
    OracleBody,
    OracleKinds,
    PlanBody,
    Question,
    VerdictBody,
)
from workspace.intents.model.calls import CallOutcomes
from workspace.intents.model.causality import Lanes, Stamp
from workspace.intents.model.intent import LIVE, RUNNING_KINDS, TERMINAL, Kinds, Role, State, States, rank_of
from workspace.intents.model.plan import Exchange
from workspace.intents.model.policies import Fates, RuledBy
from workspace.intents.model.record import Record
from workspace.intents.state.timeline import Move, Timeline

DECISIONS_REMEMBERED = 20
VARIANT_PLANNER = RuledBy.BRANCH
LOSSES_LOOKED_AT = 100


@dataclass(frozen=True, slots=True)
class Standing:
    """How authors have fared: wins in the last 20 settled groups, losses among equals in a row up to now."""

    wins: Mapping[str, int]
    losses: Mapping[str, int]


@dataclass(slots=True)
class Entry:
    """What the log says of one intent. `Board.apply` alone writes it; what is not in the log is in `live_board.py`."""

    id: str
    seq: int
    at: str
    actor: str
    body: IntentBody
    state: State = "queued"
    reason: str = ""
    waits_for: tuple[str, ...] = ()
    plan: PlanBody | None = None
    branched: PlanBody | None = None
    plan_seq: int = 0
    faults: int = 0
    # Turns that raised because of it, and servers that died while a model worked on it (`failures.py`).
    raised: int = 0
    lost: int = 0
    attempts: int = 0
    exchanges: tuple[Exchange, ...] = ()
    steers: tuple[str, ...] = ()
    joins: str = ""
    # How often it was begun again because what it was asked had changed.
    restarts: int = 0
    carried: str = ""
    undone_by: str = ""
    decisions: list[DecisionBody] = field(default_factory=list)
    verdict: VerdictBody | None = None
    verdict_seq: int = 0
    commit: CommitBody | None = None
    # Where the log has put it, up to its verdict.
    moves: list[Move] = field(default_factory=list, repr=False)
    # The intent's place among all others; kept, because live intents are held against each other.
    stamp: Stamp = field(init=False)

    def __post_init__(self) -> None:
        self.stamp = Stamp(self.seq, self.body.lane, self.body.n, self.body.seen)

    @property
    def stands(self) -> tuple[State, tuple[str, ...], str]:
        """Where it stands by the log: state, whom it waits for, why."""
        return self.state, self.waits_for, self.reason

    @property
    def role(self) -> Role:
        """The role the author had when the intent was accepted."""
        return self.body.role

    @property
    def rank(self) -> int:
        """The author's authority, 0 to 30."""
        return rank_of(self.body.role)

    @property
    def tries(self) -> int:
        """How often it has failed without anybody knowing why."""
        return self.raised + self.lost

    @property
    def is_live(self) -> bool:
        """True until the verdict."""
        return self.verdict is None


@dataclass(slots=True)
class Board:
    """All intents, open questions, votes and settled pairs of one workspace."""

    entries: dict[str, Entry] = field(default_factory=dict)
    live: dict[str, Entry] = field(default_factory=dict)
    lanes: Lanes = field(default_factory=Lanes)
    questions: dict[str, Question] = field(default_factory=dict)
    layers: dict[str, DecisionBody] = field(default_factory=dict)
    votes: dict[str, list[Answer]] = field(default_factory=dict)
    cleared: set[frozenset[str]] = field(default_factory=set)
    settled: list[DecisionBody] = field(default_factory=list)
    commits: dict[str, tuple[int, CommitBody]] = field(default_factory=dict)
    # The approvals of each suggestion or variant, in log order.
    approvals: dict[str, list[str]] = field(default_factory=dict)
    timeline: Timeline[Entry] = field(default_factory=Timeline)
    _seq: int = 0
    _moved: list[Entry] = field(default_factory=list, repr=False, compare=False)

    def apply(self, record: Record) -> list[Entry]:
        """Enter one record; return the intents that it has moved. Order is the log's, each record comes once."""
        assert record.seq > self._seq, "records are entered in the order of the log"
        self._seq, self._moved = record.seq, []
        match record.body:
            case IntentBody() as body:
                self._intent(record, body)
            case PlanBody() as body:
                assert body.intents, "a plan is made for somebody"
                for entry in self._entries(body.intents):
                    if body.planner == VARIANT_PLANNER:
                        entry.branched = entry.plan
                    entry.plan, entry.plan_seq = body, record.seq
                    self._stand(entry, "ready", body.summary)
                    # Decision 86: older plans did not say whom they serve; there, all that had joined counts as served.
                    if not isinstance(body.serves, msgspec.UnsetType):
                        self._serve(entry, body.serves)
                    entry.attempts = max(entry.attempts, body.attempt + 1)
            case OracleBody() as body:
                self._oracle(body)
            case DecisionBody() as body:
                self._decision(body)
            case CommitBody() as body:
                assert body.commit not in self.commits, "a commit is entered once"
                self.commits[body.commit] = (record.seq, body)
                for entry in self._entries(body.intents):
                    entry.commit = body
                    self._undone(entry, body.commit)
            case VerdictBody() as body:
                self._verdict(body, record.seq)
            case ConfigBody() as body:
                self.lanes.retired |= frozenset(body.retired)
            case _:
                pass
        return self._moved

    def came_through(self, intent: str) -> None:
        """Forget what was lost of an intent before: a call of its has come through, so it was not because of it."""
        entry = self.entries.get(intent)
        if entry is not None:
            entry.lost = 0

    def author_of(self, commit: str) -> str:
        """Return whose instruction a commit carried out."""
        return self.entries[self.commits[commit][1].intents[0]].actor

    def subject_of(self, entry: Entry) -> Entry:
        """Return the intent whose words are to be carried out: for an approval the suggestion it approves."""
        while entry.body.kind == Kinds.APPROVE:
            assert entry.body.refs, "an approval names what it approves"
            entry = self.entries[entry.body.refs[0]]
        return entry

    def postpone(self, deadlines: Mapping[str, float]) -> None:
        """Give open questions other deadlines, in unix seconds."""
        for id, deadline in deadlines.items():
            if id in self.questions:
                self.questions[id] = msgspec.structs.replace(self.questions[id], deadline=deadline)

    def wins(self) -> dict[str, int]:
        """Return how often each author's intent ran in the last 20 settled groups (policy `fair`)."""
        count: dict[str, int] = {}
        for decision in self.settled[-DECISIONS_REMEMBERED:]:
            for intent, outcome in decision.outcome.items():
                if outcome == Fates.RUN:
                    actor = self.entries[intent].actor
                    count[actor] = count.get(actor, 0) + 1
        return count

    def losses(self) -> dict[str, int]:
        """Return how many groups of equals in a row each author has lost, up to now, within the last 100 groups."""
        count: dict[str, int] = {}
        ended: set[str] = set()
        for decision in reversed(self.settled[-LOSSES_LOOKED_AT:]):
            ranks = {self.entries[id].rank for id in decision.group}
            if len(ranks) > 1 or len(decision.group) < 2 or decision.policy == RuledBy.CHANGED:
                continue
            lost = {self.entries[id].actor for id, outcome in decision.outcome.items() if outcome == Fates.OVERRULED}
            ended |= {self.entries[id].actor for id, outcome in decision.outcome.items() if outcome != Fates.OVERRULED}
            for actor in lost - ended:
                count[actor] = count.get(actor, 0) + 1
        return count

    def standing(self) -> Standing:
        """Return what the policies may know of earlier groups."""
        return Standing(self.wins(), self.losses())

    def _undone(self, entry: Entry, commit: str) -> None:
        """Remember on what an undo took back that it did; a done intent stays done (semantics §2)."""
        if entry.body.kind == Kinds.UNDO and entry.body.refs[0] in self.commits:
            for other in self._entries(self.commits[entry.body.refs[0]][1].intents):
                other.undone_by = commit

    def _stand(self, entry: Entry, state: State, reason: str) -> None:
        """Put an intent into a state that is not its end, for a reason that is told now and in looking back."""
        assert state in LIVE, "an end is a verdict's to give"
        assert entry.is_live, "what has ended stands where it ended"
        entry.state, entry.reason = state, reason
        entry.moves.append(Move(self._seq, state, reason))
        self._moved.append(entry)

    def _entries(self, ids: tuple[str, ...]) -> list[Entry]:
        return [self.entries[id] for id in ids]

    def _intent(self, record: Record, body: IntentBody) -> None:
        entry = Entry(id=body.id, seq=record.seq, at=record.at, actor=record.actor, body=body)
        assert body.id not in self.entries, f"intent {body.id} twice in the log"
        self.entries[body.id] = entry
        self.live[body.id] = entry
        self._moved.append(entry)
        self.timeline.add(entry, oldest=next(iter(self.live.values())).seq)
        self.lanes.accept(entry.stamp)
        if body.kind == Kinds.ANSWER:
            self._answer(entry)
        elif body.kind == Kinds.APPROVE:
            self.approvals.setdefault(body.refs[0], []).append(entry.id)

    def _answer(self, entry: Entry) -> None:
        question = self.questions.get(entry.body.refs[0])
        if question is None:
            return
        value = entry.body.value or ""
        self.votes.setdefault(question.id, []).append(Answer(entry.actor, value, entry.id))
        if question.id in self.layers:
            return
        # A question of the agent's own: the first answer from somebody who may answer settles it.
        asked = self.entries[question.group[0]]
        asked.exchanges = (*asked.exchanges, Exchange(question.text, value, entry.actor))
        asked.waits_for = ()
        self._stand(asked, "queued", "")
        self._close(question.id)

    def _oracle(self, body: OracleBody) -> None:
        entry = self.entries.get(body.intent)
        if body.oracle == OracleKinds.QUESTION:
            assert body.question is not None, "a question oracle carries its question"
            assert entry is not None, "a question is about an intent"
            self.questions[body.question.id] = body.question
            self._stand(entry, "held", body.question.text)
        elif body.oracle == OracleKinds.PLANNER_FAILED and entry is not None:
            entry.faults += 1
            entry.attempts += 1
            self._stand(entry, "queued", body.reason)
        elif body.oracle == OracleKinds.TURN_FAILED and entry is not None:
            if body.code == CallOutcomes.LOST:
                entry.lost += 1
            else:
                entry.raised += 1
        elif body.oracle == OracleKinds.CARRIES and entry is not None:
            entry.carried = body.reason
            self._begin_again(entry, body.reason)
        elif body.oracle == OracleKinds.STEERED and entry is not None:
            joining = self.entries[body.source]
            assert joining is not entry, "nothing joins itself"
            assert not joining.joins, "what has joined one cannot join another"
            # Decision 43: what was added to it is in neither text when it is merged into another's words.
            self._release_steers(joining)
            joining.joins, joining.waits_for = entry.id, (entry.id,)
            self._moved.append(joining)
            # One of a merged group had a plan of its own, and its turn has come by the decision: it waits again.
            if joining.state != States.QUEUED:
                self._stand(joining, "queued", f"Is done together with {entry.actor}'s instruction.")
            joining.plan = None
            entry.steers = (*entry.steers, joining.id)
            is_merged = body.reason == "merged"
            self._begin_again(entry, f"Merged: {entry.carried[:200]}" if is_merged else body.reason)

    def _begin_again(self, entry: Entry, reason: str = "") -> None:
        """Send a live intent back to the planner: what it was asked has changed, and so has what it would ask."""
        # Decision 43: what people are asked about it is about words that have changed.
        self._withdraw_questions(entry)
        entry.plan, entry.waits_for = None, ()
        entry.attempts += 1
        entry.restarts += 1
        self._stand(entry, "queued", reason)

    def _decision(self, body: DecisionBody) -> None:
        assert body.group, "a decision is about somebody"
        assert body.outcome.keys() <= set(body.group), "an outcome is for one of the group"
        for id in body.group:
            self.entries[id].decisions.append(body)
        if body.question is not None:
            self.questions[body.question.id] = body.question
            self.layers[body.question.id] = body
        if body.of:
            self._close(body.of)
        # A question is a decision, too, and settles nothing: nobody has won or lost by it.
        if Fates.HELD not in body.outcome.values():
            self.settled.append(body)
        for id, outcome in body.outcome.items():
            entry = self.entries[id]
            if not entry.is_live:
                continue
            if outcome == Fates.HELD:
                self._stand(entry, "held", body.reason)
                entry.waits_for = tuple(other for other in body.group if other != id)
            elif outcome in (Fates.RUN, Fates.MERGE, Fates.BRANCH):
                entry.waits_for = ()
                self._stand(entry, "queued" if entry.plan is None else "ready", body.reason)
                self.cleared.update(frozenset((id, other)) for other in body.group if other != id)
            elif outcome == Fates.OPEN:
                entry.waits_for = ()
                self._stand(entry, "queued" if entry.plan is None else "ready", body.reason)

    def _part(self, entry: Entry) -> None:
        """Undo what joined where one end of it is gone: the rest goes on alone."""
        target = self.live.get(entry.joins)
        if target is not None:
            target.steers = tuple(id for id in target.steers if id != entry.id)
            self._begin_again(target)
        # A commit carries out what had joined: those end with it, by verdicts of their own.
        if entry.commit is None:
            self._release_steers(entry)

    def _release_steers(self, entry: Entry) -> None:
        """Let what was added to an intent go on alone: the intent is gone, or is done with another's words."""
        for id in entry.steers:
            self._release(id, "")
        if entry.is_live:
            entry.steers = ()

    def _serve(self, entry: Entry, serves: tuple[str, ...]) -> None:
        """Let what joined an intent, and its plan does not carry out, run by itself."""
        for id in entry.steers:
            if id not in serves:
                self._release(
                    id, f"The plan for {entry.actor}'s instruction does not carry this out: it runs by itself."
                )
        entry.steers = tuple(id for id in entry.steers if id in serves)
        assert set(entry.steers) <= set(serves), "what stays joined is carried out with it"

    def _release(self, id: str, reason: str) -> None:
        other = self.live.get(id)
        if other is not None:
            other.joins, other.waits_for = "", ()
            self._stand(other, "queued", reason)

    def _withdraw_questions(self, entry: Entry) -> None:
        """Close what people are asked about this intent alone."""
        for question in [q.id for q in self.questions.values() if q.group == (entry.id,)]:
            self._close(question)

    def _close(self, question: str) -> None:
        self.questions.pop(question, None)
        self.layers.pop(question, None)

    def _verdict(self, body: VerdictBody, seq: int) -> None:
        entry = self.entries[body.intent]
        assert entry.verdict is None, f"intent {body.intent} has two verdicts"
        assert body.state in TERMINAL, "a verdict is an end"
        entry.verdict, entry.verdict_seq = body, seq
        entry.state, entry.reason, entry.waits_for = body.state, body.reason, ()
        self._moved.append(entry)
        self.live.pop(body.intent, None)
        if entry.body.kind in RUNNING_KINDS:
            self.timeline.end(entry)
        self._part(entry)
        self._withdraw_questions(entry)
