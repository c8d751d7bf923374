"""The account of a workspace as people read it: cost per verdict, what routing saved, what failures cost."""

from __future__ import annotations

from collections.abc import Callable

from crdt.digest import Json
from workspace.intents.model.calls import ANSWERED, MICROS, Budget
from workspace.intents.model.intent import State, States
from workspace.intents.state.board import Board, Entry
from workspace.intents.state.usage import Key, Usage, UsageLine, total

INTENTS_LISTED_MAX = 200


def by_the_log(entry: Entry) -> State:
    """Return where an intent stands by the log; a sequencer knows better of those under way."""
    return entry.state


def report(
    usage: Usage, board: Board, budget: Budget, *, day: int, state_of: Callable[[Entry], State] = by_the_log
) -> dict[str, Json]:
    """Return the whole account; amounts in US dollars, `day` counted from 1970-01-01 UTC.

    `saved` compares what served with the same tokens at the strongest model's price, for intents that ended `done`:
    what was paid includes their failed calls, not their shadows, which nobody needed for the outcome.
    """
    verdicts, paid, strongest = _by_verdict(usage, board, state_of)
    lines = usage.lines
    return {
        "total": line_of(total(lines.values())),
        "verdicts": {
            state: {
                "intents": own["intents"],
                "cost": dollars(own["cost"]),
                "each": dollars(own["cost"] / own["intents"]),
            }
            for state, own in sorted(verdicts.items())
        },
        "saved": {
            "paid": dollars(paid),
            "strongest": dollars(strongest),
            "saved": dollars(strongest - paid),
            "share": round(1 - paid / strongest, 4) if strongest else None,
        },
        "failures": line_of(
            total(line for key, line in lines.items() if key.outcome not in ANSWERED and not key.shadow)
        ),
        "shadows": {
            **line_of(total(line for key, line in lines.items() if key.shadow)),
            "compared": len(usage.compared),
            "same_result": sum(compared.same_result for compared in usage.compared),
        },
        "by_model": _by(lines, lambda key: key.model),
        "by_purpose": _by(lines, lambda key: key.purpose),
        "by_author": _by(lines, lambda key: key.author or "workspace"),
        "by_prompt": _by(lines, lambda key: key.prompt),
        "by_outcome": _by(lines, lambda key: key.outcome),
        "open": [
            {"call": call, "intent": opened.intents[0], "model": opened.model, "reserved": dollars(opened.reserve)}
            for call, (_, opened) in usage.opened.items()
        ],
        "today": {
            "spent": dollars(usage.spent.get((day, ""), 0)),
            "budget": budget.workspace_day,
            "authors": {who: dollars(amount) for (at, who), amount in sorted(usage.spent.items()) if at == day and who},
            "author_budget": budget.author_day,
            "intent_budget": budget.intent,
        },
        "intents": [cost_of(usage, intent, board, state_of) for intent in list(usage.intents)[-INTENTS_LISTED_MAX:]],
    }


def _by_verdict(
    usage: Usage, board: Board, state_of: Callable[[Entry], State]
) -> tuple[dict[str, dict[str, int]], int, int]:
    """Return intents and cost by how they ended; what was paid for the done, and what the strongest model would be."""
    verdicts: dict[str, dict[str, int]] = {}
    paid = strongest = 0
    for intent, cost in usage.intents.items():
        entry = board.entries.get(intent)
        state = state_of(entry) if entry is not None else "unknown"
        assert cost.calls > 0, "who has a line has called"
        own = verdicts.setdefault(state, {"intents": 0, "cost": 0})
        own["intents"] += 1
        own["cost"] += cost.cost
        if state in (States.DONE, States.MERGED):
            paid += cost.cost - cost.shadow
            strongest += cost.strongest
    return verdicts, paid, strongest


def cost_of(
    usage: Usage, intent: str, board: Board, state_of: Callable[[Entry], State] = by_the_log
) -> dict[str, Json]:
    """Return what one intent has cost so far."""
    own, entry = usage.intents[intent], board.entries.get(intent)
    return {
        "intent": intent,
        "author": entry.actor if entry is not None else "",
        "state": state_of(entry) if entry is not None else "unknown",
        "calls": own.calls,
        "cost": dollars(own.cost),
        "failed": dollars(own.failed),
        "shadow": dollars(own.shadow),
        "strongest": dollars(own.strongest),
    }


def line_of(line: UsageLine) -> dict[str, Json]:
    """Return a sum in plain values."""
    return {
        "calls": line.calls,
        "in": line.read,
        "out": line.written,
        "cached": line.cache_read,
        "cost": dollars(line.cost),
        "seconds": round(line.latency_ms / 1000, 3),
    }


def dollars(micros: float) -> float:
    """Return millionths of a US dollar as dollars."""
    return round(micros / MICROS, 6)


def _by(lines: dict[Key, UsageLine], name: Callable[[Key], str]) -> dict[str, Json]:
    groups: dict[str, list[UsageLine]] = {}
    for key, line in lines.items():
        groups.setdefault(name(key), []).append(line)
    return {group: line_of(total(own)) for group, own in sorted(groups.items())}
