"""What whoever runs a server sees of all workspaces at once: the values, and the part of the store that gives them.

No log is read for it and no workspace opened. What only a log says of a workspace (its documents, what is under way) is
kept beside it as a *tally*, by the server that has it open; the bytes are measured as they come in, a part at a time.
Nothing is decided by a tally: it is for people's eyes, and says up to where it goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from workspace.access import AccessRow, TokenRow
from workspace.intents.model.stop import Stop

PAGE_MAX = 100
OWNERS_MAX = 5
QUARANTINED_MAX = 20
FIND_POINTS_MAX = 100
# So many journal rows are measured at once: some milliseconds of a reader.
MEASURED_ROWS_MAX = 20_000
# What an operator writes down that was done for the whole server, in the record of access: entries of no workspace.
Act = Literal["backup", "anchor"]
ACTS: tuple[Act, ...] = ("backup", "anchor")


class Facts(msgspec.Struct, frozen=True):
    """What a workspace was after record `seq`.

    `live` counts instructions under way, `aside` documents that were put aside as unreadable; `quarantined` has the
    first 20 of those by name, with the reason. `stops` are the workspace's own switch and the server's as it knew it.
    """

    seq: int
    living: int
    archived: int
    deleted: int
    live: int
    questions: int
    aside: int = 0
    quarantined: dict[str, str] = {}
    stops: tuple[Stop, ...] = ()


class Sizes(msgspec.Struct, frozen=True):
    """Bytes in the store up to record `seq` and journal row `jid`: the log as it lies there, its older part packed."""

    seq: int = 0
    jid: int = 0
    log: int = 0
    journal: int = 0
    snapshots: int = 0


class Tally(msgspec.Struct, frozen=True):
    """What is kept of one workspace, as of `at` (a timestamp); no facts where no server has said any yet."""

    ws: str
    name: str
    at: str
    sizes: Sizes
    facts: Facts | None = None


class WorkspaceLine(msgspec.Struct, frozen=True):
    """One workspace as the store knows it now: `seq` and `jid` are its last record and journal row.

    `active_at` is the time of its last record. `members` counts people, `owners` are the first 6 of them by name.
    """

    id: str
    name: str
    created_at: str
    epoch: int
    seq: int
    jid: int
    active_at: str
    members: int
    owners: tuple[str, ...] = ()
    tally: Tally | None = None


class KeyLine(msgspec.Struct, frozen=True):
    """One key that counts. Of a session: the person's name, in how many workspaces they are a member, one of these."""

    row: TokenRow
    person: str = ""
    workspaces: int = 0
    first: str = ""


class Totals(msgspec.Struct, frozen=True):
    """How many workspaces and keys that count there are; the whole database's bytes and the number of its schema.

    What is kept in memory has neither of the last two: 0.
    """

    workspaces: int
    keys: int
    size: int = 0
    schema: int = 0


class Oversight(Protocol):
    """The operator's part of `workspace.ports.Store`. Lists come in pages; `now` is unix seconds, for ends of keys.

    `find` is looked for in names and ids, capitals or not. Raises (all methods): `StoreFault`.
    """

    @property
    def kind(self) -> str:
        """What the database is: "SQLite", "PostgreSQL", "memory"."""

    async def lines(self, *, after: str = "", find: str = "", limit: int = PAGE_MAX, now: float) -> list[WorkspaceLine]:
        """Return workspaces by id, those behind `after`."""

    async def key_lines(
        self, *, before: tuple[str, str] | None = None, find: str = "", limit: int = PAGE_MAX, now: float
    ) -> list[KeyLine]:
        """Return the keys that count, the newest first; `before` is when the last one seen was made, and its id."""

    async def totals(self, now: float) -> Totals:
        """Return how much there is of everything."""

    async def newest(self, act: Act) -> AccessRow | None:
        """Return the last entry of this act that was written down for the whole server."""

    async def measure(self, ws: str, since: Sizes) -> Sizes:
        """Return a workspace's sizes, going on from what was measured: at most 20,000 journal rows are looked at."""

    async def unmeasured(self, limit: int) -> list[str]:
        """Return workspaces of which more is in the store than was measured, by id."""

    async def tally(self, ws: str) -> Tally | None:
        """Return what is kept of one workspace."""

    async def put_tallies(self, tallies: Sequence[Tally]) -> None:
        """Keep tallies in the place of those before; one without facts leaves the facts. A workspace that is gone has
        none."""
