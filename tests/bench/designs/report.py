"""The table: each design under each condition, mean and 95 % interval over seeds; and whether the goals are met."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.bench.designs.monitor import Findings

# Two-sided 97.5 % quantiles of Student's t by degrees of freedom; 1.96 beyond.
STUDENT = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13, 2.12)
DAMAGE_GOAL, BASELINE_GOAL, QUESTIONS_GOAL = 1.0, 20.0, 3.0
OURS = "ours"
Condition = tuple[int, float]
Results = Mapping[tuple[int, float, str], Sequence[Findings]]


@dataclass(frozen=True, slots=True)
class UpdateRelayed:
    """A mean over runs, and half of its 95 % interval (0 for a single run)."""

    mean: float
    half: float

    def __str__(self) -> str:
        return f"{self.mean:.1f} ± {self.half:.1f}"


def spread_of(values: Sequence[float]) -> UpdateRelayed:
    """Return mean and half of the 95 % interval by Student's t."""
    if len(values) < 2:
        return UpdateRelayed(values[0] if values else 0.0, 0.0)
    free = len(values) - 1
    quantile = STUDENT[free - 1] if free <= len(STUDENT) else 1.96
    return UpdateRelayed(statistics.fmean(values), quantile * statistics.stdev(values) / math.sqrt(len(values)))


def share(part: float, whole: float) -> float:
    """Return so many of a hundred."""
    return 100 * part / whole if whole else 0.0


def quantile(values: Sequence[float], at: float) -> float:
    """Return a quantile of what was measured."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(at * len(ordered)))] if ordered else 0.0


Column = Callable[[Findings], float]
COLUMNS: tuple[tuple[str, Column], ...] = (
    ("DAMAGE /100", lambda f: share(f.damage, f.sent)),
    ("lost %", lambda f: share(len(f.lost), f.sent)),
    ("overwritten %", lambda f: share(len(f.overwritten), f.sent)),
    ("rule broken %", lambda f: share(len(f.broken), f.sent)),
    ("clobbered %", lambda f: share(len(f.clobbered), f.typed)),
    ("stale %", lambda f: share(len(f.stale), f.derived)),
    ("lost inc. %", lambda f: share(len(f.vanished), f.added)),
    ("done %", lambda f: share(f.done, f.sent)),
    ("verdict %", lambda f: share(f.refused, f.sent)),
    ("questions /100", lambda f: share(f.questions, f.sent)),
    ("hand edit /100", lambda f: share(f.suggested_by_edit, f.sent)),
    ("p50 s", lambda f: quantile(f.waits, 0.5)),
    ("p95 s", lambda f: quantile(f.waits, 0.95)),
    ("wasted %", lambda f: share(f.wasted, f.seconds)),
    ("planned s /instr.", lambda f: f.seconds / f.sent if f.sent else 0.0),
)


def damage_of(findings: Sequence[Findings]) -> UpdateRelayed:
    """Return DAMAGE per 100 instructions."""
    return spread_of([COLUMNS[0][1](found) for found in findings])


def table(results: Results, condition: Condition, designs: Sequence[str]) -> str:
    """Return one condition as a Markdown table."""
    heads = [name for name, _ in COLUMNS]
    heads.insert(4, "contradictions")
    lines = ["| design | " + " | ".join(heads) + " |", "|---" * (len(heads) + 1) + "|"]
    for design in designs:
        findings = results[(*condition, design)]
        cells = [str(spread_of([column(found) for found in findings])) for _, column in COLUMNS]
        cells.insert(4, f"{sum(len(f.contradicted) for f in findings)} of {sum(f.pairs for f in findings)}")
        lines.append(f"| {design} | " + " | ".join(cells) + " |")
    runs: dict[tuple[int, int], list[str]] = {}
    for design in designs:
        findings = results[(*condition, design)]
        runs.setdefault((sum(found.sent for found in findings), len(findings)), []).append(design)
    told = "; ".join(f"{', '.join(who)}: {sent} instructions in {count} runs" for (sent, count), who in runs.items())
    return "\n".join([*lines, "", f"{told}."])


def title(condition: Condition) -> str:
    """Return the heading of a condition."""
    return f"{condition[0]} users, planning {condition[1]:g} s"


def goals(results: Results, conditions: Sequence[Condition], designs: Sequence[str]) -> str:
    """Return whether what was promised holds, condition by condition."""
    usual = [design for design in designs if design != OURS]
    if OURS not in designs or not usual:
        return ""
    lines = ["| condition | ours | best of the others | goal |", "|---|---|---|---|"]
    for condition in conditions:
        own = damage_of(results[(*condition, OURS)])
        best, name = min(
            ((damage_of(results[(*condition, design)]), design) for design in usual), key=lambda pair: pair[0].mean
        )
        met = word(own, DAMAGE_GOAL) if best.mean - best.half >= BASELINE_GOAL else "missed"
        lines.append(f"| {title(condition)} | {own} | {best} ({name}) | {met} |")
    asked = spread_of([share(found.questions, found.sent) for found in results[(*conditions[0], OURS)]])
    met = word(asked, QUESTIONS_GOAL)
    lines.append(f"| questions between people /100, {title(conditions[0])} | {asked} | at most 3 | {met} |")
    return "\n".join(lines)


def word(found: UpdateRelayed, most: float) -> str:
    """Return whether a bound is met: with the whole interval, with the mean alone, or not."""
    if found.mean > most:
        return "missed"
    return "met" if found.mean + found.half <= most else "met in the mean"


def endings(results: Results, conditions: Sequence[Condition]) -> str:
    """Return how the instructions of ours ended, in parts of a hundred."""
    lines = []
    for condition in conditions:
        findings = results.get((*condition, OURS), ())
        sent, names = sum(found.sent for found in findings), {name for found in findings for name in found.states}
        counts = {name: sum(found.states.get(name, 0) for found in findings) for name in names}
        ordered = sorted(counts.items(), key=lambda pair: -pair[1])
        lines.append(f"* {title(condition)}: " + ", ".join(f"{name} {share(n, sent):.1f}" for name, n in ordered))
    return "\n".join(lines)


def evidence(results: Results, conditions: Sequence[Condition], *, design: str = OURS) -> str:
    """Return each damaging event of a design in words."""
    lines = []
    for condition in conditions:
        for at, found in enumerate(results.get((*condition, design), ())):
            for kind in ("lost", "overwritten", "contradicted", "broken", "clobbered", "stale", "vanished"):
                lines += [f"{title(condition)}, seed {at + 1}: {kind}: {words}" for words in getattr(found, kind)]
    return "\n".join(lines)
