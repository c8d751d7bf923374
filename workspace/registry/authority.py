"""Whose rights hold: everything that goes on under a token ends with it, and so do the instructions it was asked with.

What lasts (a socket, an answer that follows the log, a wait for a verdict) *holds* its identity here, and is told when
that ends or changes. An end that a token was given is a timer. A revocation through this server counts before it is
answered; one by another process, within a second: the table's mark is looked at each second, and the tokens are read
anew where it has changed. Of people who have instructions under way, a room is told who may less than when they asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Protocol

from workspace.access import GUEST_ROLE, Identity, MemberRow, TokenRow, counts, identity_by, standings
from workspace.errors import WorkspaceFault
from workspace.intents.model.events import RightsChanged
from workspace.intents.model.intent import Role, rank_of
from workspace.intents.state.board import Entry
from workspace.ports import Clock, Store
from workspace.registry.tokens import AccessTokens
from workspace.room.alarm import Alarm
from workspace.room.context import Handle
from workspace.room.room import Room
from workspace.tasks import Tasks
from workspace.telemetry import LOGGER

WATCH_SECONDS = 1.0


class Holder(Protocol):
    """What goes on under somebody's rights."""

    def rights_are_over(self) -> None:
        """Take note that the rights have ended; told once."""

    def rights_are(self, identity: Identity) -> None:
        """Take note of the identity as it is now: it may have another end, or another role."""


class Hold:
    """Somebody's rights, for as long as something goes on under them; `release` it after.

    There is one for every socket, so it has a holder to tell and no functions made for it: these took a kilobyte.
    """

    __slots__ = ("_authority", "_holder", "identity", "is_over", "ws")

    def __init__(self, authority: Authority, identity: Identity, ws: str) -> None:
        self._authority = authority
        self.identity = identity
        self.ws = ws
        self.is_over = False
        self._holder: Holder | None = None

    def tell(self, holder: Holder) -> None:
        """Say whom to tell; what has happened meanwhile is told at once."""
        self._holder = holder
        holder.rights_are(self.identity)
        if self.is_over:
            holder.rights_are_over()

    def release(self) -> None:
        """Let go: what went on under these rights is over."""
        self._authority.release(self)

    def end(self) -> None:
        """Note that the rights are over."""
        if not self.is_over:
            self.is_over = True
            if self._holder is not None:
                self._holder.rights_are_over()

    def renew(self, identity: Identity) -> None:
        """Note that the token has another end, or another role."""
        if identity != self.identity:
            self.identity = identity
            if self._holder is not None:
                self._holder.rights_are(identity)


class Authority:
    """The rights on a server. `rooms` are the open ones; on an open server, where anybody is anybody, none lose any."""

    def __init__(
        self, store: Store, clock: Clock, tokens: AccessTokens, rooms: Mapping[str, Room], *, is_open: bool
    ) -> None:
        self._store = store
        self._clock = clock
        self._tokens = tokens
        self._rooms = rooms
        self._is_open = is_open
        self._holds: dict[str, set[Hold]] = {}
        # Those of them whose token runs out: who looks each second looks at these only.
        self._expiring: set[Hold] = set()
        # All of them by workspace, until the next one is taken or let go: made where every workspace is looked at.
        self._by_ws: dict[str, list[Hold]] | None = None
        # When the tokens of people with something under way run out, by workspace.
        self._ends: dict[str, float] = {}
        self._mark = ""
        self._alarm = Alarm(self._rung)
        self._work = Tasks()

    async def open(self) -> None:
        """Begin to watch the tokens."""
        assert not len(self._work), "tokens are watched by one task"
        self._mark = await self._store.token_mark()
        self._work.start(self._watch(), name="authority")

    async def close(self) -> None:
        """Watch no more."""
        self._alarm.cancel()
        await self._work.close()

    # ------------------------------------------------------------ what goes on under somebody's rights

    def hold(self, identity: Identity, ws: str | None) -> Hold:
        """Return a hold on an identity that was just established, with nothing awaited between; `release` it after."""
        hold = Hold(self, identity, ws or "")
        if identity.token_id:
            self._holds.setdefault(identity.token_id, set()).add(hold)
            self._by_ws = None
            self._note_end(hold)
        return hold

    def release(self, hold: Hold) -> None:
        """Let go: what went on under these rights is over."""
        self._expiring.discard(hold)
        self._by_ws = None
        held = self._holds.get(hold.identity.token_id)
        if held is not None:
            held.discard(hold)
            if not held:
                del self._holds[hold.identity.token_id]

    def end(self, ids: Iterable[str]) -> None:
        """End everything that goes on under these tokens."""
        for id in ids:
            for hold in list(self._holds.get(id, ())):
                hold.end()

    # ------------------------------------------------------------ what people may

    async def role_of(self, ws: str, actor: str, accepted: Role) -> Role | None:
        """Return what somebody may be now, asked of the store; `accepted` where they never held a token.

        None where none of theirs counts any more, and of a guest once the server is not open. Raises `StoreFault`.
        """
        if self._is_open:
            return accepted
        rows, members = await self._store.tokens(ws), await self._store.members(ws)
        if accepted == GUEST_ROLE:
            return None
        return standings(rows, members, self._clock.now()).get(actor, accepted)

    async def lost(self, ws: str, live: Mapping[str, Entry]) -> RightsChanged | None:
        """Return who of the authors of these instructions may less than when they asked; None where nobody does.

        Raises `StoreFault`.
        """
        if self._is_open or not live:
            self._ends.pop(ws, None)
            return None
        return self._lost(ws, live, await self._store.tokens(ws), await self._store.members(ws))

    def _lost(
        self, ws: str, live: Mapping[str, Entry], rows: list[TokenRow], members: list[MemberRow]
    ) -> RightsChanged | None:
        now, authors = self._clock.now(), {entry.actor for entry in live.values()}
        theirs = [row for row in rows if row.actor in authors]
        ends = [row.expires for row in theirs if row.expires is not None and counts(row, now)]
        self._ends.pop(ws, None)
        if ends:
            self._ends[ws] = min(ends)
            self._wake_at(self._ends[ws])
        standing = standings(theirs, [member for member in members if member.actor in authors], now)
        # Who asked as a guest has nothing here once the server is not open, whoever has that name as a member.
        guests: dict[str, Role | None] = {entry.actor: None for entry in live.values() if entry.role == GUEST_ROLE}
        roles = guests | {
            entry.actor: standing[entry.actor]
            for entry in live.values()
            if entry.actor in standing and rank_of(standing[entry.actor] or "") < entry.rank
        }
        return RightsChanged(roles) if roles else None

    async def look(self, ws: str) -> None:
        """Read the tokens of a workspace anew: end, or change, what goes on under them, and what was asked with them.

        Both are so, and durable, when this returns. Raises `StoreFault`.
        """
        rows, members = await self._store.tokens(ws), await self._store.members(ws)
        by_id, by_person = {row.id: row for row in rows}, {member.person: member for member in members}
        now = self._clock.now()
        for hold in self._held_in(ws):
            row = by_id.get(hold.identity.token_id)
            identity = identity_by(row, by_person.get(hold.identity.person), ws=ws or None, now=now)
            # A name is a person's for good; whoever is somebody else by now comes again.
            if identity is None or identity.actor != hold.identity.actor:
                hold.end()
            else:
                hold.renew(identity)
                self._note_end(hold)
        await self._tell(ws, rows, members)

    async def _tell(self, ws: str, rows: list[TokenRow], members: list[MemberRow]) -> None:
        """Have a room end what was asked with rights that are over, behind everything that was sent before."""
        room = self._rooms.get(ws)
        if self._is_open or room is None or not room.is_open:
            return
        live = room.sequencer.fold.board.live

        def tell(handle: Handle) -> None:
            # In the turn itself: whoever was let in before these tokens were read is in the log by now.
            lost = self._lost(ws, live, rows, members)
            if lost is not None:
                handle(lost)

        with suppress(WorkspaceFault):  # a room that stops meanwhile looks as it opens again
            await room.write(tell)

    def _held_in(self, ws: str) -> list[Hold]:
        if self._by_ws is None:
            self._by_ws = {}
            for held in self._holds.values():
                for hold in held:
                    self._by_ws.setdefault(hold.ws, []).append(hold)
        return self._by_ws.get(ws, [])

    # ------------------------------------------------------------ when to look

    def _note_end(self, hold: Hold) -> None:
        if hold.identity.expires is None:
            self._expiring.discard(hold)
        else:
            self._expiring.add(hold)
            self._wake_at(hold.identity.expires)

    def _wake_at(self, at: float | None) -> None:
        if at is not None:
            self._alarm.set(asyncio.get_running_loop().time() + max(0.0, at - self._clock.now()))

    def _rung(self) -> None:
        """End what has run out, and say when to look again."""
        now = self._clock.now()
        for hold in list(self._expiring):
            if not hold.is_over and not hold.identity.may("read", now):
                hold.end()
        due = [ws for ws, at in self._ends.items() if at <= now]
        for ws in due:
            del self._ends[ws]
            self._work.start(self.look(ws), name=f"rights in {ws}")
        ends = [
            hold.identity.expires for hold in self._expiring if not hold.is_over and hold.identity.expires is not None
        ]
        self._wake_at(min([*ends, *self._ends.values()], default=None))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            # A wall clock that was set forward passes the timers by.
            self._rung()
            try:
                mark = await self._store.token_mark()
                if mark != self._mark:
                    self._mark = mark
                    self._tokens.forget()
                    await self._look_everywhere()
            except WorkspaceFault as fault:
                self._mark = ""
                LOGGER.error("the tokens cannot be looked at: %s", fault.reason)

    async def _look_everywhere(self) -> None:
        """Look wherever something goes on under a token: an idle room is asked for nobody."""
        held = {hold.ws for holds in self._holds.values() for hold in holds}
        for ws in sorted(held | {ws for ws, room in self._rooms.items() if room.sequencer.fold.board.live}):
            await self.look(ws)
