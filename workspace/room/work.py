"""What reading and doing costs that somebody asks for: each person has a share of the time, and waits beyond it.

An edit costs by what it makes pycrdt do, not by its bytes or number: a few that each pass by a whole document take as
long as ten thousand keystrokes; a question with the names of 2,000 clients takes as long as fifty. So the time is
measured of edits, of questions, of presence and of reading every longer frame, and who has used up theirs is not read
for a while: nothing is refused or lost, and the others go on (decision 116). What can be told beforehand, the bytes and
structs that somebody sends or is sent, is entered on the account of work (`workspace.room.work_account`). Runs in the
room's loop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import thread_time

from workspace.ports import Clock
from workspace.room.allowance import Allowance

# An edit that takes less is not counted: a keystroke takes a tenth of it.
FREE_SECONDS = 0.0005
# Of each second, what one person's edits of a workspace may take; and what they may take beforehand, after a rest: a
# megabyte that is pasted, a day's work brought along.
SHARE, RESERVE_SECONDS = 0.25, 1.0
PEOPLE_MAX = 256
# What one socket's edits may take at once, before others in the room have their turn.
SLICE_SECONDS = 0.01


class MeasuredWork:
    """The time that each person's work took of late; `timer` counts the seconds that this thread has worked."""

    __slots__ = ("_clock", "_people", "timer")

    def __init__(self, clock: Clock, *, timer: Callable[[], float] = thread_time) -> None:
        self._clock = clock
        self.timer = timer
        self._people: dict[str, Allowance] = {}

    @contextmanager
    def of(self, actor: str) -> Iterator[None]:
        """Measure what is done meanwhile, for a person."""
        began = self.timer()
        try:
            yield
        finally:
            self.spend(actor, self.timer() - began)

    def spend(self, actor: str, seconds: float) -> None:
        """Note that somebody's edits took so long."""
        if seconds < FREE_SECONDS:
            return
        now = self._clock.now()
        allowance = self._people.get(actor)
        if allowance is None:
            if len(self._people) >= PEOPLE_MAX:
                self._people = {name: kept for name, kept in self._people.items() if not kept.is_full(now)}
            allowance = self._people[actor] = Allowance.full(SHARE, now, most=RESERVE_SECONDS)
        allowance.spend(seconds, now)

    def wait(self, actor: str) -> float:
        """Return how many seconds somebody has to wait before more of theirs is taken; 0 for nearly everybody."""
        # Asked for every frame: nearly always nobody's edits have taken any time that counts, or owe any.
        if not self._people or (allowance := self._people.get(actor)) is None or allowance.left >= 0:
            return 0.0
        return allowance.owed(self._clock.now())
