"""How fast somebody is heard of: what each speaker said last is let out as soon as the pace allows, older words never.

For what only its newest state matters of: a cursor, who composes. So nothing is lost that anybody would still want, and
however fast somebody speaks, the others are sent no more than a bounded number of bytes a second (decision 115). Runs
in the room's loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from workspace.ports import Clock
from workspace.room.alarm import Alarm
from workspace.room.allowance import Allowance
from workspace.room.mailbox import Job

# A message counts as so much and its size: each costs as many writes as there are readers, however short it is.
MESSAGE_BYTES = 2_048
# One person may have so many connections that speak as fast as each may.
CONNECTIONS_A_PERSON = 3
# People whose allowance is remembered; one that is full again need not be.
PEOPLE_MAX = 256
WAIT_SECONDS_MIN = 0.005


class Waiting(NamedTuple):
    """What is said as soon as it may be: by whom, how large, and how."""

    person: str
    cost: int
    say: Job


class Pace:
    """Lets each speaker, and each person over all of their speakers, be heard at most `bytes_per_second`.

    A speaker is whatever has one newest state: a session's presence, a lane's composing. `caught` is told what saying
    it later has raised.
    """

    __slots__ = ("_alarm", "_caught", "_clock", "_per_second", "_persons", "_speakers", "_waiting")

    def __init__(self, clock: Clock, bytes_per_second: int, *, caught: Callable[[BaseException], None]) -> None:
        self._clock = clock
        self._per_second = bytes_per_second
        self._caught = caught
        self._alarm: Alarm | None = None
        self._speakers: dict[str, Allowance] = {}
        self._persons: dict[str, Allowance] = {}
        self._waiting: dict[str, Waiting] = {}

    def say(self, speaker: str, person: str, size: int, say: Job) -> None:
        """Do `say` now, or as soon as it may be; what the same speaker was waiting to say is dropped for it."""
        assert size >= 0, "a message has a size"
        waiting = Waiting(person, size + MESSAGE_BYTES, say)
        wait = self._wait(speaker, person)
        # What waits is older: it goes out first only where it goes out at all.
        self._waiting.pop(speaker, None)
        if wait == 0:
            self._spend(speaker, waiting)
            say()
            return
        self._waiting[speaker] = waiting
        self._ring_in(wait)

    def forget(self, speaker: str) -> None:
        """Drop what a speaker was waiting to say: it is not here any more."""
        self._waiting.pop(speaker, None)
        self._speakers.pop(speaker, None)

    def _wait(self, speaker: str, person: str) -> float:
        """Return how many seconds a speaker has to wait, 0 for none."""
        now = self._clock.now()
        own, shared = self._speakers.get(speaker), self._persons.get(person)
        if own is None:
            own = self._speakers[speaker] = Allowance.full(self._per_second, now)
        if shared is None:
            if len(self._persons) >= PEOPLE_MAX:
                self._persons = {name: kept for name, kept in self._persons.items() if not kept.is_full(now)}
            shared = self._persons[person] = Allowance.full(CONNECTIONS_A_PERSON * self._per_second, now)
        return max(own.owed(now), shared.owed(now))

    def _spend(self, speaker: str, waiting: Waiting) -> None:
        now = self._clock.now()
        self._speakers[speaker].spend(waiting.cost, now)
        self._persons[waiting.person].spend(waiting.cost, now)

    def _ring_in(self, seconds: float) -> None:
        if self._alarm is None:
            self._alarm = Alarm(self._rung)
        self._alarm.set_in(max(WAIT_SECONDS_MIN, seconds))

    def _rung(self) -> None:
        """Say what may be said by now; whoever has to wait on is rung for again."""
        soonest = 0.0
        for speaker, waiting in list(self._waiting.items()):
            wait = self._wait(speaker, waiting.person)
            if wait > 0:
                soonest = wait if not soonest else min(soonest, wait)
                continue
            del self._waiting[speaker]
            self._spend(speaker, waiting)
            try:
                waiting.say()
            except Exception as bug:  # noqa: BLE001  a root: the others are heard all the same
                self._caught(bug)
        if soonest:
            self._ring_in(soonest)

    def close(self) -> None:
        """Say nothing more."""
        self._waiting.clear()
        if self._alarm is not None:
            self._alarm.cancel()
