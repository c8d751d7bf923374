"""All workspaces at once in memory: the same contract as on tables."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from workspace.access import AccessRow, TokenRow, counts, standings
from workspace.intents.model.record import Row
from workspace.oversight import (
    MEASURED_ROWS_MAX,
    OWNERS_MAX,
    PAGE_MAX,
    Act,
    KeyLine,
    Sizes,
    Tally,
    Totals,
    WorkspaceLine,
)
from workspace.ports import JournalRow, WorkspaceRow
from workspace.store.memory_people import MemoryPeople


class MemoryOversight(MemoryPeople):
    """The operator's part of `workspace.ports.Store`, in dictionaries; a subclass holds the workspaces."""

    kind = "memory"

    def __init__(self) -> None:
        super().__init__()
        self._tallies: dict[str, Tally] = {}

    async def workspaces(self) -> list[WorkspaceRow]:
        """Return all workspaces, by id."""
        raise NotImplementedError

    def _content(self, ws: str) -> tuple[Sequence[Row], Sequence[JournalRow], int]:
        """Return a workspace's records and journal, and how many bytes its snapshots have."""
        raise NotImplementedError

    async def lines(self, *, after: str = "", find: str = "", limit: int = PAGE_MAX, now: float) -> list[WorkspaceLine]:
        """Return workspaces by id, those behind `after`."""
        found = []
        for row in await self.workspaces():
            tally = self._tallies.get(row.id)
            if row.id > after and _is_in(find, row.id, row.name, tally.name if tally else ""):
                found.append(await self._line(row, tally, now))
        return found[: min(limit, PAGE_MAX)]

    async def _line(self, row: WorkspaceRow, tally: Tally | None, now: float) -> WorkspaceLine:
        log, journal, _ = self._content(row.id)
        own = [key for key in self._tokens.values() if key.ws == row.id]
        found = standings(own, await self.members(row.id), now)
        roles = {actor: role for actor, role in found.items() if role is not None}
        return WorkspaceLine(
            row.id,
            row.name,
            row.created_at,
            row.epoch,
            log[-1].seq if log else 0,
            journal[-1].jid if journal else 0,
            log[-1].at if log else row.created_at,
            len(roles),
            tuple(sorted(actor for actor, role in roles.items() if role == "owner")[: OWNERS_MAX + 1]),
            tally,
        )

    async def key_lines(
        self, *, before: tuple[str, str] | None = None, find: str = "", limit: int = PAGE_MAX, now: float
    ) -> list[KeyLine]:
        """Return the keys that count, the newest first."""
        rows = sorted(self._tokens.values(), key=lambda row: (row.created_at, row.id), reverse=True)
        lines = [self._key(row) for row in rows if counts(row, now)]
        return [
            line
            for line in lines
            if (before is None or (line.row.created_at, line.row.id) < before)
            and _is_in(find, line.row.actor, line.person, line.row.ws or "", line.row.label)
        ][: min(limit, PAGE_MAX)]

    def _key(self, row: TokenRow) -> KeyLine:
        person = self._persons.get(row.person or "")
        there = [one.ws for one in self._members.values() if one.person == row.person and one.role and not one.gone]
        return KeyLine(row, person.name if person else "", len(there), min(there, default=""))

    async def totals(self, now: float) -> Totals:
        """Return how much there is of everything; memory is no database, and has no size."""
        keys = sum(counts(row, now) for row in self._tokens.values())
        return Totals(len(await self.workspaces()), keys)

    async def newest(self, act: Act) -> AccessRow | None:
        """Return the last entry of this act that was written down for the whole server."""
        found = [row for row in self._accesses.values() if (row.place, row.act) == ("", act)]
        return max(found, key=lambda row: (row.at, row.id), default=None)

    async def measure(self, ws: str, since: Sizes) -> Sizes:
        """Return a workspace's sizes, going on from what was measured."""
        log, journal, snapshots = self._content(ws)
        since = since if since.jid <= (journal[-1].jid if journal else 0) else Sizes()
        more = [row for row in journal if row.jid > since.jid][:MEASURED_ROWS_MAX]
        return Sizes(
            log[-1].seq if log else 0,
            more[-1].jid if more else since.jid,
            sum(len(row.body.encode()) for row in log),
            since.journal + sum(len(row.update) for row in more),
            snapshots,
        )

    async def unmeasured(self, limit: int) -> list[str]:
        """Return workspaces of which more is in the store than was measured."""
        found = []
        for row in await self.workspaces():
            (log, journal, _), tally = self._content(row.id), self._tallies.get(row.id)
            ends = (log[-1].seq if log else 0, journal[-1].jid if journal else 0)
            if tally is None or tally.sizes.seq < ends[0] or tally.sizes.jid < ends[1]:
                found.append(row.id)
        return found[:limit]

    async def tally(self, ws: str) -> Tally | None:
        """Return what is kept of one workspace."""
        return self._tallies.get(ws)

    async def put_tallies(self, tallies: Sequence[Tally]) -> None:
        """Keep tallies, those of workspaces that are gone apart."""
        known = {row.id for row in await self.workspaces()}
        for tally in tallies:
            before = self._tallies.get(tally.ws)
            kept = before.facts if before is not None and tally.facts is None else tally.facts
            if tally.ws in known:
                self._tallies[tally.ws] = msgspec.structs.replace(tally, facts=kept)


def _is_in(find: str, *texts: str) -> bool:
    return any(find.lower() in text.lower() for text in texts)
