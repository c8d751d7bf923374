"""Runs to figures: medians, and ratios of Folkmoot to a peer within the same repetition."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Run:
    """One scenario on one server in one repetition; `fault` says why it is void."""

    scenario: str
    rep: int
    peer: str
    figures: dict[str, float]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """Median, least and greatest of some repetitions."""

    median: float
    low: float
    high: float

    def times(self, factor: float) -> Figure:
        """Return the figure in another unit."""
        return Figure(self.median * factor, self.low * factor, self.high * factor)


@dataclass(slots=True)
class Results:
    """All runs of one command."""

    runs: list[Run] = field(default_factory=list)

    def peers(self, scenario: str) -> list[str]:
        """Return who ran in a scenario, in the order of the first repetition."""
        return list(dict.fromkeys(run.peer for run in self.runs if run.scenario == scenario))

    def scenarios(self) -> list[str]:
        """Return the letters that were run."""
        return sorted({run.scenario for run in self.runs})

    def repetitions(self, scenario: str) -> int:
        """Return how often a scenario was run."""
        return 1 + max(run.rep for run in self.runs if run.scenario == scenario)

    def names(self, scenario: str) -> list[str]:
        """Return the figures of a scenario, in the order of the first run that has them."""
        return list(dict.fromkeys(name for run in self.runs if run.scenario == scenario for name in run.figures))

    def figure(self, scenario: str, peer: str, name: str) -> Figure | None:
        """Return a figure over all repetitions, or None where none has it."""
        return _over([run.figures[name] for run in self._of(scenario, peer) if name in run.figures])

    def ratio(self, scenario: str, ours: str, theirs: str, *, name: str) -> Figure | None:
        """Return ours divided by theirs, repetition by repetition."""
        beside = {run.rep: run.figures for run in self._of(scenario, theirs)}
        found = []
        for run in self._of(scenario, ours):
            mine, other = run.figures.get(name), beside.get(run.rep, {}).get(name)
            if mine is not None and other:
                found.append(mine / other)
        return _over(found)

    def faults(self) -> list[Run]:
        """Return the void runs."""
        return [run for run in self.runs if run.fault]

    def _of(self, scenario: str, peer: str) -> list[Run]:
        return [run for run in self.runs if run.scenario == scenario and run.peer == peer]


def _over(values: list[float]) -> Figure | None:
    return Figure(statistics.median(values), min(values), max(values)) if values else None
