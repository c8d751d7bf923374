"""Routing on data: cost against success, for the router at several settings and for fixed choices.

A seeded workload of tasks with a hidden difficulty. Every task is planned for real: the model planner, the gateway, the
SDK and a scripted model over sockets, an edit on a document, and a postcondition read from the edited fork. What is
assumed, not measured, is how good the models are: `CAPABLE` and the share of wrong plans that show (`SHOWS`).

    python -m tests.bench.routing --tasks 2000
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import math
import random
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from agent.gateway.route import FALLBACKS, RULES
from agent.scripted.scenario import ReplyScript, ToolCall, words_of
from crdt.documents.anchor import place_range
from crdt.documents.document import Document
from crdt.operations.fork import run
from tests.support.model import Model, scripted_model
from tests.support.plan_context import FakePlanContext
from workspace.errors import PlannerFault
from workspace.intents.model.calls import RouteTable, Rule
from workspace.intents.model.intent import Scope
from workspace.intents.model.plan import Image, Planned, Snapshot, Task

SMALL, MEDIUM, LARGE = "claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"
CAPABLE = {SMALL: 0.45, MEDIUM: 0.8, LARGE: 1.08}
SLOPE = 0.06
SHOWS = 0.6
TIERS = (("small", (SMALL,)), ("medium", (MEDIUM,)), ("large", (LARGE,)))
AT_ONCE = 24
FILLER = ("please", "keep", "the", "tone", "the", "paragraph", "has", "and", "mind", "who", "is", "going", "to", "read")


@dataclass(frozen=True)
class Problem:
    """One task: hidden difficulty (0 to 1), what can be seen of it, and what must stand there afterwards."""

    id: int
    difficulty: float
    words: int
    documents: int
    scope: str


def make_problems(count: int, seed: int) -> list[Problem]:
    """Return tasks whose visible signals follow the hidden difficulty with noise."""
    chance, problems = random.Random(seed), []
    for id in range(count):
        hard = chance.betavariate(1.4, 1.8)
        seen = min(1.0, max(0.0, hard + chance.gauss(0, 0.12)))
        scope = "range" if seen < 0.4 else "document" if seen < 0.7 else "unknown"
        problems.append(Problem(id, hard, int(12 + 60 * seen), 1 + int(5 * seen * chance.random()), scope))
    return problems


def drawn(*key: object) -> float:
    """Return a number from 0 to 1 that depends on the key alone."""
    return int(hashlib.sha256(repr(key).encode()).hexdigest()[:8], 16) / 0x1_0000_0000


def fate(problem: Problem, model: str) -> str:
    """Return what a model makes of a task: right, wrong (and nobody sees it), or stuck (its tool calls fail)."""
    able = 1 / (1 + math.exp((problem.difficulty - CAPABLE[model]) / SLOPE))
    if drawn(problem.id, model) < able:
        return "right"
    return "stuck" if drawn(problem.id, model, "shows") < SHOWS else "wrong"


def answerer(problems: list[Problem]) -> Any:
    """Return the scripted model: it edits rightly, wrongly, or keeps giving words that do not occur."""

    def answer(request: dict[str, Any]) -> ReplyScript:
        found = re.search(r"Task (\d+):", words_of(request["messages"][:1]))
        assert found is not None
        problem = problems[int(found[1])]
        what = fate(problem, request["model"])
        old = f"line {problem.id} is old" if what != "stuck" else "words that are not there"
        new = f"line {problem.id} is {'new' if what == 'right' else 'odd'}"
        edit = ToolCall("str_replace", {"document": "plan", "old_str": old, "new_str": new})
        done = ToolCall("finish", {"summary": "Changed the line."})
        return ReplyScript(tools=(edit,) if what == "stuck" else (edit, done))

    return answer


def task_of(problem: Problem, table: RouteTable) -> tuple[Task, Document]:
    """Return the task with its documents, one line of which is to be changed."""
    text = "\n".join(f"line {at} stands" for at in range(40)) + f"\nline {problem.id} is old\n"
    document = Document("text", client=5)
    with document.transaction():
        document.insert_text(0, text)
    documents = {"plan": Image("text", document.encode())}
    documents |= {f"other-{at}": Image("text", document.encode()) for at in range(problem.documents - 1)}
    words = " ".join(FILLER[at % len(FILLER)] for at in range(problem.words - 7))
    order = f"Task {problem.id}: change line {problem.id} to new; {words}"
    start = text.index(f"line {problem.id} is old")
    place = place_range(document, start, start + 12)
    scope: tuple[Scope, ...] | None = (
        Scope("plan", from_=place.start.encode(), to=place.end.encode(), quote=text[start : start + 12]),
    )
    if problem.scope != "range":
        scope = (Scope("plan"),) if problem.scope == "document" else None
    return Task("w", f"i{problem.id}", "ana", "editor", order, scope, Snapshot(1, documents), routes=table), document


@dataclass(frozen=True)
class Outcome:
    """What one strategy came to: share of postconditions that hold, dollars, seconds of the run."""

    name: str
    success: float
    dollars: float
    calls: int
    seconds: float


async def measure(name: str, table: RouteTable, problems: list[Problem], model: Model) -> Outcome:
    """Return success and cost of all tasks under one route table."""
    planner, gate = model.planner(), asyncio.Semaphore(AT_ONCE)
    began = time.monotonic()

    async def one(problem: Problem) -> tuple[bool, int, int]:
        async with gate:
            context = FakePlanContext()
            task, document = task_of(problem, table)
            try:
                proposal = await planner.plan(task, context)
            except PlannerFault:
                proposal = None
            is_right = False
            if isinstance(proposal, Planned) and proposal.ops:
                ran = run({"plan": document}, proposal.ops, proposal.reads, client=99)
                is_right = f"line {problem.id} is new" in ran.documents["plan"].text()
            return is_right, sum(closed.cost for closed in context.closed), len(context.closed)

    results = await asyncio.gather(*map(one, problems))
    await planner.close()
    right, cost = sum(r for r, _, _ in results), sum(c for _, c, _ in results)
    calls = sum(n for _, _, n in results)
    return Outcome(name, right / len(problems), cost / 1e6, calls, time.monotonic() - began)


def fixed(tier: str) -> RouteTable:
    """Return a table that always asks one model."""
    return RouteTable(tiers=tuple(own for own in TIERS if own[0] == tier), rules=(Rule(tier),), fallbacks=FALLBACKS)


def router(shift: float) -> RouteTable:
    """Return the default rules with every difficulty bound multiplied: below 1 is more careful."""
    rules = tuple(msgspec.structs.replace(rule, difficulty_min=round(rule.difficulty_min * shift, 4)) for rule in RULES)
    return RouteTable(tiers=TIERS, rules=rules, fallbacks=FALLBACKS)


async def compare(count: int, seed: int, shifts: tuple[float, ...]) -> tuple[list[Outcome], list[Outcome]]:
    """Return the fixed choices and the router's settings, on the same tasks."""
    problems = make_problems(count, seed)
    async with scripted_model(answerer=answerer(problems)) as model:
        choices = [await measure(f"always {tier}", fixed(tier), problems, model) for tier, _ in TIERS]
        routed = [await measure(f"router ×{shift:g}", router(shift), problems, model) for shift in shifts]
    return choices, routed


def report(choices: list[Outcome], routed: list[Outcome], *, count: int, seed: int) -> str:
    """Return the table and the curve as Markdown."""
    best = choices[-1]
    rows = [
        f"`python -m tests.bench.routing --tasks {count} --seed {seed}` · {time.strftime('%Y-%m-%d')} · "
        f"{count} tasks, every plan made over sockets",
        "",
        "| strategy | success | of the strongest | cost US$ | of the strongest | calls |",
        "|---|---|---|---|---|---|",
    ]
    for outcome in [*choices, *routed]:
        rows.append(
            f"| {outcome.name} | {outcome.success:.1%} | {outcome.success / best.success:.1%} | "
            f"{outcome.dollars:.3f} | {outcome.dollars / best.dollars:.1%} | {outcome.calls} |"
        )
    return "\n".join([*rows, "", "```", curve(choices, routed), "```", ""])


def curve(choices: list[Outcome], routed: list[Outcome], *, width: int = 64, height: int = 16) -> str:
    """Return cost (across) against success (up): `o` are the router's settings, letters the fixed choices."""
    points = [(o, o.name.split()[1][0].upper()) for o in choices] + [(o, "o") for o in routed]
    most, low = max(o.dollars for o, _ in points), min(o.success for o, _ in points)
    high = max(o.success for o, _ in points)
    grid = [[" "] * (width + 1) for _ in range(height + 1)]
    for outcome, mark in points:
        across = round(outcome.dollars / most * width)
        up = round((outcome.success - low) / max(1e-9, high - low) * height)
        grid[height - up][across] = mark
    lines = [f"{(high - (high - low) * at / height):6.1%} |{''.join(row).rstrip()}" for at, row in enumerate(grid)]
    axis = "        " + "-" * (width + 1)
    return "\n".join([*lines, axis, f"        0{'cost, US$':^{width - 8}}{most:.2f}"])


def main() -> None:
    """Measure and print; `--write` puts the report into docs/routing.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    shifts = (0.0, 0.5, 0.8, 1.0, 1.2, 1.5, 2.0, 4.0)
    choices, routed = asyncio.run(compare(options.tasks, options.seed, shifts))
    text = report(choices, routed, count=options.tasks, seed=options.seed)
    print(text)
    if options.write:
        page = Path(__file__).parents[2] / "docs" / "routing.md"
        head = page.read_text().split("<!-- measured -->")[0]
        page.write_text(f"{head}<!-- measured -->\n\n{text}")


if __name__ == "__main__":
    main()
