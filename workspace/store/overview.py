"""All workspaces at once on tables: pages of them and of keys, what is kept of each, and how its bytes are measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

from workspace.access import AccessRow
from workspace.oversight import (
    MEASURED_ROWS_MAX,
    OWNERS_MAX,
    PAGE_MAX,
    Act,
    Facts,
    KeyLine,
    Sizes,
    Tally,
    Totals,
    WorkspaceLine,
)
from workspace.store import statements
from workspace.store.people import token_of
from workspace.store.schema import SELECT_VERSION
from workspace.store.scripts import Ask, Script, ask

T = TypeVar("T")
_FACTS = msgspec.json.Decoder(Facts)


class OversightTables:
    """The operator's part of `workspace.ports.Store`; a subclass runs scripts, and says how large its database is."""

    kind = ""
    # Asks for the bytes of the whole database.
    size_statement = ""

    async def _reading(self, script: Script[T], *, is_one_moment: bool = False) -> T:
        """Run a script that only reads. Raises `StoreFault`."""
        raise NotImplementedError

    async def _writing(self, script: Script[T], *, is_single: bool = False) -> T:
        """Run a script in one transaction; `is_single`: it writes with one statement."""
        raise NotImplementedError

    async def lines(self, *, after: str = "", find: str = "", limit: int = PAGE_MAX, now: float) -> list[WorkspaceLine]:
        """Return workspaces by id, those behind `after`."""
        return await self._reading(_lines(after, pattern(find), min(limit, PAGE_MAX), now))

    async def key_lines(
        self, *, before: tuple[str, str] | None = None, find: str = "", limit: int = PAGE_MAX, now: float
    ) -> list[KeyLine]:
        """Return the keys that count, the newest first."""
        made, id = before or ("", "")
        values = (now, made, pattern(find), id, min(limit, PAGE_MAX))
        rows = await self._reading(ask(statements.SELECT_KEYS, *values))
        return [KeyLine(token_of(*row[:-3]), *row[-3:]) for row in rows]

    async def totals(self, now: float) -> Totals:
        """Return how much there is of everything."""
        return await self._reading(_totals(self.size_statement, now))

    async def newest(self, act: Act) -> AccessRow | None:
        """Return the last entry of this act that was written down for the whole server."""
        rows = await self._reading(ask(statements.SELECT_NEWEST, act))
        return AccessRow(*rows[0]) if rows else None

    async def measure(self, ws: str, since: Sizes) -> Sizes:
        """Return a workspace's sizes, going on from what was measured."""
        return await self._reading(_measure(ws, since))

    async def unmeasured(self, limit: int) -> list[str]:
        """Return workspaces of which more is in the store than was measured."""
        return [row[0] for row in await self._reading(ask(statements.SELECT_UNMEASURED, limit))]

    async def tally(self, ws: str) -> Tally | None:
        """Return what is kept of one workspace."""
        rows = await self._reading(ask(statements.SELECT_TALLY, ws))
        return _tally(ws, rows[0]) if rows else None

    async def put_tallies(self, tallies: Sequence[Tally]) -> None:
        """Keep tallies, those of workspaces that are gone apart."""
        if tallies:
            await self._writing(_put_tallies(tallies))


def pattern(find: str) -> str:
    """Return what `LIKE` compares with for a text that stands anywhere; "!" takes the meaning of what is behind it."""
    plain = "".join(f"!{one}" if one in "!%_" else one for one in find)
    return f"%{plain}%"


def _lines(after: str, find: str, limit: int, now: float) -> Script[list[WorkspaceLine]]:
    found: list[WorkspaceLine] = []
    for row in (yield Ask(statements.SELECT_LINES, (now, after, find, limit))):
        owners = yield Ask(statements.SELECT_OWNERS, (now, row[0], OWNERS_MAX + 1))
        tally = _tally(row[0], row[8:]) if row[8] is not None else None
        id, name, created, epoch, seq, jid, active, members = row[:8]
        names = tuple(owner[0] for owner in owners)
        found.append(WorkspaceLine(id, name, created, epoch, seq, jid, active, members, names, tally))
    return found


def _totals(size: str, now: float) -> Script[Totals]:
    ((workspaces, keys),) = yield Ask(statements.COUNT_ALL, (now,))
    ((size_bytes,),) = yield Ask(size)
    ((schema,),) = yield Ask(SELECT_VERSION)
    return Totals(workspaces, keys, size_bytes, schema)


def _measure(ws: str, since: Sizes) -> Script[Sizes]:
    ((seq, _, jid),) = yield Ask(statements.SELECT_ENDS, (ws,))
    # A workspace was deleted, and another made under its id.
    since = since if since.jid <= (jid or 0) else Sizes()
    ((upto, more),) = yield Ask(statements.SUM_JOURNAL, (ws, since.jid, MEASURED_ROWS_MAX))
    ((packed,),) = yield Ask(statements.SUM_PACKED, (ws,))
    ((hot,),) = yield Ask(statements.SUM_LOG, (ws,))
    ((snapshots,),) = yield Ask(statements.SUM_SNAPSHOTS, (ws,))
    # PostgreSQL's sums are decimal numbers.
    return Sizes(seq or 0, int(upto), int(packed) + int(hot), since.journal + int(more), int(snapshots))


def _put_tallies(tallies: Sequence[Tally]) -> Script[None]:
    for tally in tallies:
        if (yield Ask(statements.SELECT_WORKSPACE, (tally.ws,))):
            sizes = (tally.sizes.seq, tally.sizes.jid, tally.sizes.log, tally.sizes.journal, tally.sizes.snapshots)
            facts = msgspec.json.encode(tally.facts).decode() if tally.facts is not None else ""
            yield Ask(statements.PUT_TALLY, (tally.ws, tally.name, tally.at, *sizes, facts))


def _tally(ws: str, row: Sequence[Any]) -> Tally:
    name, at, *sizes, facts = row
    return Tally(ws, name, at, Sizes(*sizes), _FACTS.decode(facts) if facts else None)
