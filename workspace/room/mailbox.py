"""What a room has been asked to do and has not done yet: a bounded queue of jobs, worked off in turns.

The room's loop is no task of its own: a turn is called when a job comes into the empty mailbox, and again while
anything is left. Between two turns the other rooms, and readers of sockets, have theirs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from workspace.errors import RoomClosed

Job = Callable[[], object]
JOBS_MAX = 10_000
# Jobs of one turn: long enough to write many keystrokes in one transaction, short enough for the other rooms to wait.
TURN_JOBS_MAX = 256
# And short enough where jobs take long: then the next turn comes after theirs.
TURN_SECONDS_MAX = 0.02


class Mailbox:
    """The jobs of one room, in the order in which they came. `turn` is called soon after the first of them.

    `caught` is told what a job raised, and raises it again where the room must stop for it.
    """

    __slots__ = ("_caught", "_is_scheduled", "_jobs", "_loop", "_turn", "_waiting", "is_open", "turns")

    def __init__(self, *, turn: Callable[[], object], caught: Callable[[BaseException], None]) -> None:
        self.is_open = True
        # How many turns there have been.
        self.turns = 0
        self._turn = turn
        self._caught = caught
        self._loop = asyncio.get_running_loop()
        self._jobs: list[Job] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._is_scheduled = False

    def __len__(self) -> int:
        return len(self._jobs)

    @property
    def is_scheduled(self) -> bool:
        """Tell whether a turn is due that has not begun."""
        return self._is_scheduled

    # ------------------------------------------------------------ for those who bring something

    def try_post(self, job: Job) -> bool:
        """Queue a job; False when the mailbox is full or closed."""
        if len(self._jobs) >= JOBS_MAX or not self.is_open:
            return False
        self._jobs.append(job)
        if not self._is_scheduled:
            self.schedule()
        return True

    async def post(self, job: Job) -> None:
        """Queue a job; waits while the mailbox is full, which slows the socket that sends.

        Raises:
            RoomClosed: the room stopped.
        """
        while not self.try_post(job):
            if not self.is_open:
                raise RoomClosed("the workspace is restarting", retry=True)
            space = self._loop.create_future()
            self._waiting.append(space)
            await space

    # ------------------------------------------------------------ for the room

    def schedule(self) -> None:
        """Have a turn called soon; once, however often this is asked before it begins."""
        if not self._is_scheduled:
            self._is_scheduled = True
            self._loop.call_soon(self._turn)

    def skip_turn(self) -> None:
        """Leave everything as it is: the room cannot have its turn now, and schedules another when it can."""
        self._is_scheduled = False

    def drain(self) -> None:
        """Begin a turn: do what waits, at most 256 jobs or as many as 20 ms have room for.

        What a job raises is told to `caught`, and the next has its go.

        A job that closes the mailbox is the last one: those behind it were brought to a room that is there no more.
        """
        self._is_scheduled = False
        self.turns += 1
        jobs, self._jobs = self._jobs[:TURN_JOBS_MAX], self._jobs[TURN_JOBS_MAX:]
        end = self._loop.time() + TURN_SECONDS_MAX
        for done, job in enumerate(jobs):
            if not self.is_open:
                break
            if self._loop.time() > end:
                self._jobs = jobs[done:] + self._jobs
                break
            try:
                job()
            except BaseException as bug:  # noqa: BLE001  a root: only the writer's own errors go further
                self._caught(bug)
        if self._waiting and len(self._jobs) < JOBS_MAX:
            self._wake()

    def close(self) -> None:
        """Take nothing more."""
        self.is_open = False

    def abandon(self) -> None:
        """Tell those who wait for space that the room stopped: after their sockets were told why."""
        assert not self.is_open, "a room that goes on has space again"
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for space in waiting:
            if not space.done():
                space.set_result(None)
