"""Decide again what a log decided: with its own policies to audit it, with others to see what would have been.

Policies are pure and see only logged facts (invariant I18), so the same policy must rule the same again. With another
one the first ruling that differs is reported; from there on the rest of the log is counterfactual: people reacted to
another history.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from workspace.intents.fold import Fold, JournalLike
from workspace.intents.policy import BRANCH, MERGE, NONE, decide, inputs_hash
from workspace.intents.record import DecisionBody, PolicyConfig, Row, read_row
from workspace.intents.replay import NEVER, start_replay
from workspace.intents.settling import chain_of, member_of


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


class WhatIf(msgspec.Struct, frozen=True):
    """What deciding a log again gave; `counterfactual` counts the records behind the first difference."""

    decided: int
    same: int
    first: Difference | None = None
    counterfactual: int = 0
    unsound: tuple[int, ...] = ()


def decide_again(rows: Sequence[Row], journal: Iterable[JournalLike], config: PolicyConfig | None = None) -> WhatIf:
    """Return how every policy decision of a log comes out under `config`, or under the log's own policies.

    `unsound` are decisions whose logged inputs are not those that the log itself gives: tampering, or a bug.

    Raises:
        LogCorrupt: the log does not verify.
    """
    replay = start_replay(journal, states_from=NEVER)
    decided = same = 0
    unsound: list[int] = []
    for at, row in enumerate(rows):
        body = read_row(row).body if row.kind == "decision" else None
        if isinstance(body, DecisionBody) and body.inputs and not body.of:
            decided += 1
            if not _is_sound(body, replay.fold):
                unsound.append(row.seq)
            difference = _compare(row.seq, body, replay.fold, config or replay.fold.policy)
            if difference is not None:
                return WhatIf(decided, same, difference, len(rows) - at - 1, tuple(unsound))
            same += 1
        replay.step(row)
    return WhatIf(decided, same, unsound=tuple(unsound))


def _is_sound(body: DecisionBody, fold: Fold) -> bool:
    group = [fold.board.entries[id] for id in body.group]
    config = chain_of(fold.policy, body.layer, group, fold.board)
    return inputs_hash(tuple(map(member_of, group)), config, fold.board.standing()) == body.inputs


def _compare(seq: int, body: DecisionBody, fold: Fold, config: PolicyConfig) -> Difference | None:
    group = [fold.board.entries[id] for id in body.group]
    ruling = decide(
        tuple(map(member_of, group)),
        chain_of(config, body.layer, group, fold.board),
        fold.board.standing(),
        fold.merges,
    )
    was = "" if body.question is not None else _winner(body)
    if ruling.winner == was:
        return None
    return Difference(seq, body.decision, body.group, was, body.policy, ruling.winner, ruling.policy, ruling.reason)


def _winner(body: DecisionBody) -> str:
    if "merge" in body.outcome.values():
        return MERGE
    if "branch" in body.outcome.values():
        return BRANCH
    return next((id for id, outcome in body.outcome.items() if outcome in ("run", "kept")), NONE)
