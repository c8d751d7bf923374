"""Decide again what a log decided: with its own policies to audit it, with others to see what would have been.

Policies are pure and see only logged facts (invariant I18), so the same policy must rule the same again. With another
one the first ruling that differs is reported; from there on the rest of the log is counterfactual: people reacted to
another history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from crdt.breath import take_breath
from crdt.digest import Json
from workspace.intents.audit.decision_review import Difference, Review
from workspace.intents.model.bodies import PolicyConfig
from workspace.intents.model.record import Row
from workspace.intents.state.fold import JournalLike
from workspace.intents.state.replay import NEVER, start_replay


class WhatIf(msgspec.Struct, frozen=True):
    """What deciding a log again gave; `counterfactual` counts the records behind the first difference.

    `unsound` are decisions whose logged inputs are not those that the log itself gives: tampering, or a bug.
    """

    decided: int
    same: int
    first: Difference | None = None
    counterfactual: int = 0
    unsound: tuple[int, ...] = ()
    counterfactual_from: int | None = None


def decide_again(
    rows: Sequence[Row],
    journal: Iterable[JournalLike],
    config: PolicyConfig | None = None,
    *,
    changes: Mapping[str, Json] | None = None,
) -> WhatIf:
    """Return how every decision of a log comes out under `config`, or under the log's own policies.

    `changes` are fields of the policy to replace; the others stay what they were at each place of the log.

    Raises:
        LogCorrupt: the log does not verify.
        ValueError: `changes` are not fields of a policy.
    """
    if config is not None:
        changes = {**msgspec.to_builtins(config), **(changes or {})}
    replay = start_replay(journal, states_from=NEVER)
    review = Review(replay.fold, changes or {})
    for row in rows:
        record = replay.read(row)
        first = review.look(record)
        if first is not None:
            behind = rows[-1].seq - first.seq
            assert behind >= 0, "a difference is at one of these records"
            return WhatIf(
                review.decided,
                max(0, review.decided - (row.seq == first.seq)),
                first,
                behind,
                tuple(review.unsound),
                first.seq + 1,
            )
        replay.enter(record)
        take_breath()
    return WhatIf(review.decided, review.decided, unsound=tuple(review.unsound))
