"""The switches that stop the agent: a workspace's own and the server's; the agent works while both are off.

A `config` record says that a switch was thrown, so what is stopped is a fold of the log. While the agent is stopped
nothing is planned, judged, merged or committed and no effect leaves; people edit, instruct, answer and cancel, and an
undo runs, for it is a person's act and no model's. The clocks of questions stand still meanwhile.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Literal

import msgspec

from workspace.errors import Refusal

StopScope = Literal["workspace", "server"]
REASON_POINTS_MAX = 300
STOPPED = "agent_stopped"


class Switch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A switch was thrown by the record's actor: `on` stops the agent, else it lets it go on as far as this one goes.

    `since` is when that was, where the log was told of it later: the server's switch, an order from the command line.
    `deadlines` are the new ones of open questions, in unix seconds, where the agent goes on again.
    """

    scope: StopScope
    on: bool
    reason: str = ""
    since: str = ""
    deadlines: dict[str, float] = {}


class Stop(msgspec.Struct, frozen=True):
    """A switch that is on: who threw it, when and why; `seq` is the record that says so."""

    scope: StopScope
    by: str
    since: str
    reason: str
    seq: int

    @property
    def words(self) -> str:
        """The same as a sentence, for whoever waits."""
        where = " on the whole server" if self.scope == "server" else ""
        return f"The agent is stopped{where} by {self.by}{f': {self.reason}' if self.reason else '.'}"


@dataclass(slots=True)
class Stops:
    """The switches that are on, by scope. `epoch` and `at` are those of the record since which one is."""

    by_scope: dict[StopScope, Stop] = field(default_factory=dict)
    epoch: int = 0
    at: str = ""
    # When a switch was thrown that the log was told of later: it is not told again.
    told: dict[StopScope, tuple[str, bool]] = field(default_factory=dict)
    _past: list[tuple[int, tuple[Stop, ...]]] = field(default_factory=list)

    @property
    def is_on(self) -> bool:
        """Tell whether the agent is stopped."""
        return bool(self.by_scope)

    @property
    def all(self) -> tuple[Stop, ...]:
        """The switches that are on, in the order in which they were thrown."""
        return tuple(sorted(self.by_scope.values(), key=lambda stop: stop.seq))

    @property
    def words(self) -> str:
        """Who has stopped the agent, and why; "" while it works."""
        words = [stop.words for stop in self.all]
        return "; ".join([*(one.removesuffix(".") for one in words[:-1]), *words[-1:]])

    def enter(self, switch: Switch, *, seq: int, epoch: int, at: str, actor: str) -> int:
        """Enter that a switch was thrown; return how many servers in a row have had the agent stopped all their lives.

        That is told when it goes on again, and is 0 otherwise.
        """
        # `after` looks them up by bisection.
        assert not self._past or self._past[-1][0] < seq, "switches are entered in the order of the log"
        was_on, before = self.is_on, self.epoch
        if switch.since:
            self.told[switch.scope] = switch.since, switch.on
        if switch.on:
            self.by_scope[switch.scope] = Stop(switch.scope, actor, switch.since or at, switch.reason, seq)
        else:
            self.by_scope.pop(switch.scope, None)
        if self.is_on and not was_on:
            self.epoch, self.at = epoch, at
        self._past.append((seq, self.all))
        # An epoch for each opening: those between the one that stopped the agent and this one never let it work.
        assert (switch.scope in self.by_scope) == switch.on, "a switch is on as it was thrown"
        return max(0, epoch - before - 1) if was_on and not self.is_on else 0

    def after(self, seq: int) -> tuple[Stop, ...]:
        """Return the switches that were on after record `seq`."""
        assert seq >= 0, f"{seq} is no place in a log"
        place = bisect_right(self._past, seq, key=itemgetter(0))
        return self._past[place - 1][1] if place else ()

    def is_news(self, switch: Switch, actor: str) -> bool:
        """Tell whether a switch thrown by `actor` would change what people are told: who, why, or that at all."""
        if switch.since and self.told.get(switch.scope) == (switch.since, switch.on):
            return False
        stop = self.by_scope.get(switch.scope)
        if stop is None or not switch.on:
            return switch.on != (stop is not None)
        return (stop.by, stop.reason) != (actor, switch.reason) or switch.since not in ("", stop.since)


def refuse_reason(reason: str) -> Refusal | None:
    """Return why these words may not be given as the reason of a stop, or None."""
    if len(reason) > REASON_POINTS_MAX:
        return Refusal(
            "too_large", f"reason has {len(reason)}; at most {REASON_POINTS_MAX} are taken.", "Say it shorter."
        )
    if not reason.isprintable():
        return Refusal("malformed", "The reason of a stop is one line of printable characters.", "Mend it.")
    return None


class SwitchRow(msgspec.Struct, frozen=True):
    """A switch that stops the agent, as it was thrown last: by whom, when and why.

    That of `SERVER` is the switch of all servers on this store, and stands there. That of a workspace is an order from
    outside its server (a command line): the server that has it open enters it in the log, which holds how the
    workspace's own switch stands, and drops the row.
    """

    ws: str
    is_on: bool
    actor: str
    at: str
    reason: str = ""
