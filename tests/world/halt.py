"""Who has stopped the agent, by the log; and what may not be there, or leave, meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.world.facts import Known, Violation

OF_THE_PLANNER = frozenset({"planner_refused", "planner_failed", "question"})


@dataclass(slots=True)
class Halt:
    """The switches that are on, each with the time at which its record became durable."""

    on: dict[str, float] = field(default_factory=dict)
    # Of each record with a switch: whether the agent is stopped from there on.
    past: list[tuple[int, bool]] = field(default_factory=list)

    def look(self, row: Any, body: dict[str, Any], intents: Mapping[str, Known], now: float) -> None:
        """Look at a record that has become durable at `now`, before it counts."""
        if row.kind == "effect" and body["attempts"] and self._was_on(body["begun"]):
            raise Violation("stop", f"effect {body['i']} of {body['commit']} left at {body['begun']}, under a stop")
        if self.on:
            self._forbid(row, body, intents)
        switch = body.get("switch") if row.kind == "config" else None
        if switch is not None:
            if switch["on"]:
                self.on.setdefault(switch["scope"], now)
            else:
                self.on.pop(switch["scope"], None)
            self.past.append((row.seq, bool(self.on)))

    def leaving(self, now: float) -> None:
        """Look at an effect that begins to leave."""
        if any(since < now for since in self.on.values()):
            raise Violation("stop", "an effect leaves though the agent is stopped")

    def _was_on(self, seq: int) -> bool:
        return next((is_on for at, is_on in reversed(self.past) if at <= seq), False)

    def _forbid(self, row: Any, body: dict[str, Any], intents: Mapping[str, Known]) -> None:
        match row.kind:
            case "plan" | "commit":
                ids, what = body["intents"][:1], f"a {row.kind}"
            case "oracle" if body["oracle"] in OF_THE_PLANNER:
                ids, what = [body["intent"]], body["oracle"]
            case "oracle" if body["oracle"] in ("call_opened", "judged") or body.get("merged", {}).get("text"):
                raise Violation("stop", f"{body['oracle']} at {row.seq} though the agent is stopped")
            case "decision" if body["by"] == "timer":
                raise Violation("stop", f"{body['decision']} is decided by a clock that stands still")
            case "verdict" if body["code"] == "no_answer":
                raise Violation("stop", f"{body['intent']} ends by a clock that stands still")
            case _:
                return
        if any(intents[id].body["kind"] != "undo" for id in ids):
            raise Violation("stop", f"{what} for {ids} at {row.seq} though the agent is stopped")
