"""What Folkmoot set itself, as comparisons that a machine can make.

Where Folkmoot was measured with one workspace a room and with all rooms in one workspace, the worse of the two counts.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.bench.peers.results import Figure, Results

OURS = ("folkmoot", "folkmoot-shared")


@dataclass(frozen=True, slots=True)
class Goal:
    """`name` at most (`is_ceiling`) or at least `bound`: of a peer's figure where `beside` names one, else as it is."""

    scenario: str
    words: str
    name: str
    bound: float
    beside: str = ""
    is_ceiling: bool = True
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A goal and what was measured; `found` is None where it was not."""

    goal: Goal
    found: Figure | None

    @property
    def verdict(self) -> str:
        """Met, missed, or not measured."""
        if self.found is None:
            return "not measured"
        is_met = self.found.median <= self.goal.bound if self.goal.is_ceiling else self.found.median >= self.goal.bound
        return "met" if is_met else "missed"


_HOCUSPOCUS, _DURABLE, _STOCK, _LIMIT = "hocuspocus", "hocuspocus+sqlite", "y-websocket", "limit: uvicorn"
_FANOUT = tuple(
    Goal("a", f"fan-out to {readers} readers, {share}", f"{share}_ms@{readers}", 1.0, _HOCUSPOCUS)
    for readers in (10, 100, 500)
    for share in ("p50", "p99")
)
_CPU = tuple(
    Goal("a", f"server CPU a delivery, {readers} readers", f"cpu_us@{readers}", 0.7, _HOCUSPOCUS)
    for readers in (10, 100, 500)
)
GOALS = (
    *_FANOUT,
    *_CPU,
    Goal("b", "throughput, 50 rooms × 4 writers", "deliveries_s", 1.5, _HOCUSPOCUS, is_ceiling=False),
    Goal("b", "throughput, against uvicorn without a CRDT", "deliveries_s", 0.75, _LIMIT, is_ceiling=False),
    Goal("b", "server CPU a delivery, saturated", "cpu_us", 0.7, _HOCUSPOCUS),
    Goal("c", "memory a room and connection, 2,000 idle", "room_kb", 1.0, _HOCUSPOCUS),
    Goal("c", "connects a second", "connects_s", 1.5, _HOCUSPOCUS, is_ceiling=False),
    Goal("d", "open of 260,000 edits, cold", "cold_ms", 0.5, _DURABLE),
    Goal("d", "open of 260,000 edits, warm", "warm_ms", 1.0, _STOCK),
    Goal("e", "updates sustained and stored", "durable_s", 1.5, _DURABLE, is_ceiling=False),
    Goal("e", "updates lost after kill -9", "lost", 0.0),
    Goal("f", "sent → durable ack, p99, 32 lanes", "ack_p99_ms@0", 25.0, unit="ms"),
    Goal("f", "sent → verdict, p50, 10 pending", "verdict_p50_ms@10", 20.0, unit="ms"),
    Goal("g", "an instruction beside 1,000 pending, against 10", "gate_growth", 2.0, unit="×"),
    Goal("g", "log fold", "fold_records_s", 20_000.0, is_ceiling=False, unit="records/s"),
    Goal("g", "time travel, slowest of 200", "travel_max_ms", 200.0, unit="ms"),
    Goal("i", "`folkmoot serve` takes connections", "ready_ms", 1_500.0, unit="ms"),
    Goal("i", "`folkmoot --help`", "help_ms", 300.0, unit="ms"),
)


def weigh(results: Results) -> list[Outcome]:
    """Return every goal with what was measured."""
    return [Outcome(goal, _found(results, goal)) for goal in GOALS]


def _found(results: Results, goal: Goal) -> Figure | None:
    figures = []
    for ours in OURS:
        if goal.beside:
            figures.append(results.ratio(goal.scenario, ours, goal.beside, name=goal.name))
        else:
            figures.append(results.figure(goal.scenario, ours, goal.name))
    known = [figure for figure in figures if figure is not None]
    worst = max if goal.is_ceiling else min
    return worst(known, key=lambda figure: figure.median) if known else None
