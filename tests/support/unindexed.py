"""The sequencer's comparisons by their definition, without an index: every question walks over all that is ready.

What stands here is slow on purpose and shares nothing with the indexes (`workspace/intents/state/trials.py`,
`rules/comparisons.py`, `state/shelves.py`): random histories must come to the same log with either (invariant I32).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from crdt.operations.fork import Ran
from workspace.errors import Refusal
from workspace.intents.model.causality import are_concurrent
from workspace.intents.model.intent import RUNNING_KINDS, States
from workspace.intents.rules.comparisons import Comparisons
from workspace.intents.rules.conflict import areas_of, do_collide, overlap
from workspace.intents.rules.gate import builds_on, try_plan
from workspace.intents.state.board import Entry
from workspace.intents.state.trials import Trials
from workspace.intents.steps import commit_round
from workspace.intents.steps.kernel_state import KernelState


def rivals_to_await(kernel: KernelState, entry: Entry, *, now: float) -> list[Entry]:
    """C2 and C3, over all live intents."""
    work, policy, found = kernel.progress_of(entry), kernel.fold.policy, list[Entry]()
    opened = max(work.ready_at, work.since + policy.window_ms / 1000)
    patience = now < work.ready_at + policy.overlap_wait_ms / 1000
    documents = kernel.fold.documents
    for other in kernel.fold.board.live.values():
        state, waits_for, _ = kernel.lives.stands(other)
        if other.seq <= entry.body.seen or (other.body.lane == entry.body.lane and other.seq < entry.seq):
            is_apart = state == States.PARKED and not builds_on(entry, other)
            awaited = other.joins != entry.id and other.body.kind in RUNNING_KINDS and not is_apart
        elif other is entry or not are_concurrent(entry.stamp, other.stamp) or kernel.is_halted(other):
            continue
        elif state == States.HELD:
            awaited = frozenset((entry.id, other.id)) not in kernel.fold.board.cleared
        elif state in (States.PARKED, States.READY) or other.body.kind not in RUNNING_KINDS:
            awaited = False
        else:
            in_time = patience and kernel.progress_of(other).since <= opened
            awaited = in_time and (state == States.PLANNING or not waits_for)
        if awaited and overlap(areas_of(entry, documents), areas_of(other, documents)):
            found.append(other)
    return found


def _is_released(kernel: KernelState, turn: Any, entry: Entry) -> bool:
    work = kernel.progress_of(entry)
    if turn.now < work.since + kernel.fold.policy.window_ms / 1000:
        return False
    return not rivals_to_await(kernel, entry, now=turn.now)


def _first_of(entries: list[Entry], kernel: KernelState) -> tuple[list[Entry], Ran | None]:
    def reads_after(reader: Entry, writer: Entry) -> bool:
        assert reader.plan is not None
        assert writer.plan is not None
        documents = kernel.fold.documents
        if not overlap(areas_of(reader, documents), areas_of(writer, documents)):
            return False
        after = try_plan(writer.plan, documents, client=kernel.scratch_client)
        if isinstance(after, Refusal):
            return False
        now = {**documents, **after.documents}
        return isinstance(try_plan(reader.plan, now, client=kernel.scratch_client), Refusal)

    for entry in entries:
        if not any(reads_after(other, entry) for other in entries if other is not entry):
            return [entry], None
    return entries[:1], None


class _Pairs(Comparisons):
    """Every pair of ready plans is carried out on forks in both orders."""

    __slots__ = ("_all",)

    def edges(self, ready: Any, documents: Any, *, jid: int, begun: int, collides: Any) -> list[tuple[Entry, Entry]]:
        pairs = [(one, other) for at, one in enumerate(ready) for other in ready[at + 1 :]]
        return [pair for pair in pairs if are_concurrent(pair[0].stamp, pair[1].stamp) and collides(*pair)]

    def collides(self, one: Entry, other: Entry, documents: Any, *, jid: int, begun: int, client: int) -> bool:
        assert one.plan is not None
        assert other.plan is not None
        kept: Any = self._kept.get((one.id, other.id))
        if kept is not None and kept[0] is one.plan and kept[1] is other.plan and (kept[2] == jid or kept[3] == begun):
            return bool(kept[4])
        found = do_collide(one, other, documents, client=client)
        self._kept[(one.id, other.id)] = (one.plan, other.plan, jid, begun, found)
        return found


@contextmanager
def unindexed() -> Iterator[None]:
    """Have sequencers that are opened inside walk over everything."""

    def due(self: Trials, ready: Any, documents: Any, *, jid: int) -> list[Entry]:
        if jid != self._jid:
            self._jid = jid
            self.forget_but(())
        kept = self._plans
        return [entry for entry in ready if entry.id not in kept or kept[entry.id][0] is not entry.plan]

    def known_near(self: KernelState, entry: Entry) -> Iterator[Entry]:
        live = [other for other in self.fold.board.live.values() if other.seq < entry.seq]
        return reversed([o for o in live if o.seq <= entry.body.seen or o.body.lane == entry.body.lane])

    with ExitStack() as stack:
        for changed in (
            patch.object(Trials, "due", due),
            patch.object(KernelState, "known_near", known_near),
            patch.object(Comparisons, "edges", _Pairs.edges),
            patch.object(Comparisons, "collides", _Pairs.collides),
            patch.object(commit_round, "_is_released", _is_released),
            patch.object(commit_round, "_first_of", _first_of),
        ):
            stack.enter_context(changed)
        yield
