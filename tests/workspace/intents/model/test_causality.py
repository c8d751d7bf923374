"""The stamp `(seen, n)` is a lossless form of the full vector clock; forged and repeated stamps are refused."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.support.examples import examples
from workspace.intents.model.causality import Lanes, Stamp, are_concurrent, happened_before

LANES = "abc"


class StampsAgainstVectorClocks(RuleBasedStateMachine):
    """Three lanes, one log, random delay, reordering and duplicates; a classic vector clock beside every stamp."""

    def __init__(self) -> None:
        super().__init__()
        self.lanes = Lanes()
        self.log: list[Stamp] = []
        self.truth: list[dict[str, int]] = []
        self.clock = {lane: dict.fromkeys(LANES, 0) for lane in LANES}
        self.count = dict.fromkeys(LANES, 0)
        self.received = dict.fromkeys(LANES, 0)
        self.flying: list[tuple[str, int, int, dict[str, int]]] = []

    @rule(lane=st.sampled_from(LANES))
    def compose_and_send(self, lane: str) -> None:
        self.count[lane] += 1
        self.clock[lane][lane] = self.count[lane]
        self.flying.append((lane, self.count[lane], self.received[lane], dict(self.clock[lane])))

    @precondition(lambda self: self.flying)
    @rule(at=st.integers(0, 50), keep=st.booleans())
    def deliver(self, at: int, keep: bool) -> None:
        message = self.flying[at % len(self.flying)]
        lane, n, seen, truth = message
        if self.lanes.seq_of(lane, n) is not None:
            if not keep:
                self.flying.remove(message)
            return
        refusal = self.lanes.refuse_stamp(lane, n=n, seen=seen, delivered=self.received[lane])
        if refusal is not None:
            assert refusal.code == "gap", refusal
            return
        stamp = Stamp(len(self.log) + 1, lane, n, seen)
        derived = self.lanes.vector_clock(lane, n=n, seen=seen)
        assert derived == {other: c for other, c in ({**truth, lane: n - 1}).items() if c}
        self.lanes.accept(stamp)
        self.log.append(stamp)
        self.truth.append(truth)
        if not keep:
            self.flying.remove(message)

    @rule(lane=st.sampled_from(LANES), steps=st.integers(1, 3))
    def receive(self, lane: str, steps: int) -> None:
        for _ in range(steps):
            if self.received[lane] < len(self.log):
                past = self.truth[self.received[lane]]
                self.received[lane] += 1
                self.clock[lane] = {other: max(self.clock[lane][other], past[other]) for other in LANES}

    @rule(lane=st.sampled_from(LANES), over=st.integers(1, 5))
    def forge(self, lane: str, over: int) -> None:
        n = self.lanes.clock(lane).n + 1
        refusal = self.lanes.refuse_stamp(lane, n=n, seen=self.received[lane] + over, delivered=self.received[lane])
        assert refusal is not None
        assert refusal.code == "bad_clock"

    @rule(lane=st.sampled_from(LANES))
    def go_back(self, lane: str) -> None:
        clock = self.lanes.clock(lane)
        if clock.seen:
            refusal = self.lanes.refuse_stamp(lane, n=clock.n + 1, seen=clock.seen - 1, delivered=10**6)
            assert refusal is not None
            assert refusal.code == "bad_clock"

    @rule(lane=st.sampled_from(LANES))
    def retire(self, lane: str) -> None:
        stamps = list(self.log)
        before = [(a.seq, b.seq, happened_before(a, b)) for a in stamps for b in stamps]
        self.lanes.retired |= {lane}
        assert before == [(a.seq, b.seq, happened_before(a, b)) for a in stamps for b in stamps]
        self.lanes.retired -= {lane}

    @invariant()
    def same_order_as_vector_clocks(self) -> None:
        for a, true_a in zip(self.log, self.truth, strict=True):
            for b, true_b in zip(self.log, self.truth, strict=True):
                if a is b:
                    continue
                truly_before = true_b[a.lane] >= true_a[a.lane]
                assert happened_before(a, b) == truly_before
                assert not truly_before or a.seq < b.seq, "the log is a linear extension of happens-before"
                truly_after = true_a[b.lane] >= true_b[b.lane]
                assert are_concurrent(a, b) == (not truly_before and not truly_after)


TestStamps = StampsAgainstVectorClocks.TestCase
TestStamps.settings = settings(max_examples=examples(200), stateful_step_count=40, deadline=None)


def test_a_gap_in_the_lane_is_refused() -> None:
    refusal = Lanes().refuse_stamp("a", n=2, seen=0, delivered=0)
    assert refusal is not None
    assert refusal.code == "gap"


def test_retired_lanes_leave_the_derived_clock() -> None:
    lanes = Lanes()
    lanes.accept(Stamp(1, "old", 1, 0))
    assert lanes.vector_clock("new", n=1, seen=1) == {"old": 1}
    lanes.retired |= {"old"}
    assert lanes.vector_clock("new", n=1, seen=1) == {}
