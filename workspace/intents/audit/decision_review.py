"""Decide again what one log record decided, by the log's own policies or by others (semantics §4, §6; invariant I18).

A review looks at each record before it is entered, on the state that its decision was made on. Chains, votes, answers
of authors, defaults at a deadline and the human-edit rule are pure functions of what the log holds: the same policy
must come out the same. What was taken out of the log by a redaction is not decided again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations

import msgspec

from crdt.digest import Json
from workspace.intents.model.bodies import (
    Deciders,
    DecisionBody,
    IntentBody,
    Layers,
    PolicyConfig,
    Question,
    VerdictBody,
)
from workspace.intents.model.ids import intent_id
from workspace.intents.model.intent import Kinds
from workspace.intents.model.oracle import Opinions
from workspace.intents.model.policies import BOTH, BRANCH, MERGE, NONE, EditModes, Fates, RuledBy, edit_rule
from workspace.intents.model.record import BLANKED, Record
from workspace.intents.rules.decision_words import silent_of
from workspace.intents.rules.groups import ALONE, chain_of, is_standing, member_of
from workspace.intents.rules.policy import Ruling, decide, inputs_hash
from workspace.intents.rules.votes import elected, fallback, is_changed, settled
from workspace.intents.state.board import Entry
from workspace.intents.state.fold import WorkspaceState

ASKED = ""


class Difference(msgspec.Struct, frozen=True):
    """A decision that would have been another: who would win instead (`""`: the people are asked)."""

    seq: int
    decision: str
    group: tuple[str, ...]
    was: str
    was_by: str
    would: str
    would_by: str
    reason: str


def changed(policy: PolicyConfig, changes: Mapping[str, Json]) -> PolicyConfig:
    """Return a policy with some of its fields replaced.

    Raises:
        ValueError: a field is unknown or its value is of another kind.
    """
    unknown = sorted(changes.keys() - set(PolicyConfig.__struct_fields__))
    if unknown:
        raise ValueError(f"a policy has no {', '.join(unknown)}; it has {', '.join(PolicyConfig.__struct_fields__)}")
    return msgspec.convert({**msgspec.to_builtins(policy), **changes}, PolicyConfig)


@dataclass(slots=True)
class Review:
    """Follows a fold: `look` at each record before it is entered. `changes` are fields of another policy."""

    fold: WorkspaceState
    changes: Mapping[str, Json] = field(default_factory=dict)
    decided: int = 0
    unsound: list[int] = field(default_factory=list)
    _opened: dict[str, Ruling] = field(default_factory=dict)
    _blanked: set[str] = field(default_factory=set)
    _answered: Record | None = None
    _policy: tuple[PolicyConfig, PolicyConfig] | None = None

    @property
    def policy(self) -> PolicyConfig:
        """The policy decided by: the log's own at this place, with the changes."""
        own = self.fold.policy
        if not self.changes:
            return own
        if self._policy is None or self._policy[0] is not own:
            self._policy = own, changed(own, self.changes)
        return self._policy[1]

    def look(self, record: Record) -> Difference | None:
        """Return how this record, or the answer before it, would have been decided otherwise."""
        assert record.seq == self.fold.seq + 1, "a decision is made again on the state that it was made on"
        body = record.body
        if isinstance(body, IntentBody):
            found = self._unsettled()
            if body.kind == Kinds.ANSWER and body.refs[0] in self.fold.board.layers:
                self._answered = record
                if record.row.body.startswith(BLANKED):
                    self._blanked.add(body.refs[0])
            return found
        if self._answered is not None:
            if isinstance(body, VerdictBody) and intent_id(self._answered.seq) == body.intent:
                return None
            if not isinstance(body, DecisionBody) or not body.of:
                return self._unsettled()
            self._answered = None
        return self._decision(record.seq, body) if isinstance(body, DecisionBody) else None

    def _unsettled(self) -> Difference | None:
        """Return what the last answer would have settled and did not."""
        answer, self._answered = self._answered, None
        if answer is None or not isinstance(answer.body, IntentBody):
            return None
        question = self.fold.board.questions.get(answer.body.refs[0])
        if question is None or question.id in self._blanked:
            return None
        value = self._value(question)
        if value is None:
            return None
        opened = self.fold.board.layers[question.id]
        by = self._asked_by(question, opened)
        return Difference(
            answer.seq,
            opened.decision,
            opened.group,
            ASKED,
            opened.policy,
            value,
            by,
            "the answers would have sufficed",
        )

    def _decision(self, seq: int, body: DecisionBody) -> Difference | None:
        if body.of:
            return self._closing(seq, body)
        if body.inputs:
            return self._opening(seq, body)
        if body.layer == Layers.EDIT:
            return self._human_edit(seq, body)
        return None

    def _opening(self, seq: int, body: DecisionBody) -> Difference | None:
        """Let the chain rule again over a group."""
        fold = self.fold
        self.decided += 1
        group = [fold.board.entries[id] for id in body.group]
        members, standing = tuple(map(member_of, group)), fold.board.standing()
        # First whether the inputs are those that the log itself gives: then the ruling is worth making again.
        own = chain_of(fold.policy, body.layer, group, fold.board)
        if inputs_hash(members, own, standing) != body.inputs:
            self.unsound.append(seq)
        # Then the ruling, by the log's policy or by the one that is tried.
        ruling = decide(members, chain_of(self.policy, body.layer, group, fold.board), standing, fold.merges)
        if body.layer == Layers.L3 and not self._do_contradict(group):
            ruling = Ruling(ruling.policy, ruling.winner, ruling.reason, default=BOTH)
        if body.question is not None:
            self._opened[body.question.id] = ruling
            if not self.changes and body.question.default != ruling.default:
                self.unsound.append(seq)
        # And what came of it: a question is "nobody", whoever won in the end.
        winners = (ASKED,) if body.question is not None else _winners(body)
        if ruling.winner in winners:
            return None
        return Difference(
            seq, body.decision, body.group, winners[0], body.policy, ruling.winner, ruling.policy, ruling.reason
        )

    def _do_contradict(self, group: list[Entry]) -> bool:
        judged = self.fold.judged
        pairs = (pair for one, other in combinations(group, 2) for pair in ((one.id, other.id), (other.id, one.id)))
        return any(pair in judged and judged[pair].opinion == Opinions.CONTRADICT for pair in pairs)

    def _human_edit(self, seq: int, body: DecisionBody) -> Difference | None:
        """Apply the human-edit rule again."""
        self.decided += 1
        (intent,) = body.group
        would = {EditModes.SUGGEST: NONE, EditModes.APPLY_AND_FLAG: intent, EditModes.ASK: ASKED}[
            self.policy.human_edit
        ]
        winners = (ASKED,) if body.question is not None else _winners(body)
        if would in winners:
            return None
        by = edit_rule(self.policy.human_edit)
        return Difference(seq, body.decision, body.group, winners[0], body.policy, would, by, "by the human-edit rule")

    def _closing(self, seq: int, body: DecisionBody) -> Difference | None:
        """Count the answers to a question again, or take its default."""
        question = self.fold.board.questions.get(body.of)
        opened = self.fold.board.layers.get(body.of)
        if question is None or opened is None:
            self.unsound.append(seq)
            return None
        if question.id in self._blanked:
            return None
        self.decided += 1
        votes = tuple(self.fold.board.votes.get(question.id, ()))
        if body.answers != votes or body.group != question.group:
            self.unsound.append(seq)
        # A log from before people were named here names nobody.
        silent = silent_of(opened, [self.fold.board.entries[id] for id in question.group], votes)
        if body.silent and body.silent != silent:
            self.unsound.append(seq)
        if body.policy == RuledBy.CHANGED:
            if not is_changed(opened, [self.fold.board.entries[id] for id in question.group]):
                self.unsound.append(seq)
            return None
        by = self._asked_by(question, opened)
        if body.by == Deciders.PERSON:
            value, reason = self._value(question), "the answers would not have sufficed"
        else:
            value, reason = self._at_deadline(question, opened), "at the deadline"
        if value in _winners(body):
            return None
        return Difference(seq, body.decision, body.group, _winners(body)[0], body.policy, value or ASKED, by, reason)

    def _asked_by(self, question: Question, opened: DecisionBody) -> str:
        ruling = self._opened.get(question.id)
        return opened.policy if ruling is None else ruling.policy

    def _value(self, question: Question) -> str | None:
        """Return what the answers so far settle, or None."""
        board = self.fold.board
        votes = board.votes.get(question.id, [])
        group = tuple(board.entries[id] for id in question.group)
        policy = self._asked_by(question, board.layers[question.id])
        return settled(policy, group, votes, board, quorum=self.policy.vote_quorum)

    def _at_deadline(self, question: Question, opened: DecisionBody) -> str:
        """Return who wins where nobody has settled it in time, or all but one have gone."""
        ruling, board = self._opened.get(question.id), self.fold.board
        assert opened.question is not None, "it was opened by asking"
        default = question.default if ruling is None or not self.changes else ruling.default
        group = [board.entries[id] for id in question.group]
        ids = [entry.id for entry in group if is_standing(entry)]
        is_moot = len(ids) < min(2, len(question.group))
        ids = ids or [NONE]
        votes = board.votes.get(question.id, [])
        chosen = None if is_moot else elected(self._asked_by(question, opened), votes, ids)
        if chosen is not None:
            return chosen
        return default if opened.layer in ALONE else fallback(default, group, ids)


def _winners(body: DecisionBody) -> tuple[str, ...]:
    """Return who won a decision as its outcomes tell it; several words where they would tell the same."""
    outcomes = body.outcome.values()
    if Fates.MERGE in outcomes:
        return (MERGE,)
    if Fates.BRANCH in outcomes:
        return (BRANCH,)
    won = [id for id, outcome in body.outcome.items() if outcome in (Fates.RUN, Fates.KEPT)]
    if len(won) > 1:
        return (BOTH,)
    if set(outcomes) == {"withdrawn"}:
        return (NONE, *body.group, BOTH)
    if not won:
        return (NONE,)
    is_alone = all(outcome == Fates.WITHDRAWN for id, outcome in body.outcome.items() if id != won[0])
    return (won[0], BOTH) if is_alone else (won[0],)
