"""The verdicts that their authors have not acknowledged yet, on any device (semantics §4).

What is in an inbox follows from the log and one small row of the store beside it (`workspace.ports.InboxRow`): it is no
part of what is replayed. Runs in the room's loop; only durable verdicts are shown, and acknowledged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from functools import partial

import msgspec

from workspace.errors import Close, WorkspaceFault
from workspace.intents.model.bodies import VerdictBody
from workspace.intents.model.intent import RUNNING_KINDS
from workspace.intents.sequencer import Sequencer
from workspace.intents.state.board import Entry
from workspace.ports import InboxRow, Store
from workspace.protocol.messages import ErrorMessage, InboxEntry, InboxMessage, encode
from workspace.room.output_gate import OutputGate
from workspace.room.peer import Peer, PreparedMessage
from workspace.tasks import Tasks

SHOWN_MAX = 100
KEPT_MAX = 500
TEXT_POINTS_MAX = 500
REASON_POINTS_MAX = 1_000
ROWS_REMEMBERED = 200
Work = Callable[[], Awaitable[None]]


class Inbox:
    """The inboxes of a room's people, and the sockets on which they are shown."""

    __slots__ = ("_gate", "_order", "_peers", "_rows", "_sequencer", "_store", "_tasks", "_ws")

    def __init__(self, sequencer: Sequencer, store: Store, *, gate: OutputGate, tasks: Tasks) -> None:
        self._sequencer = sequencer
        self._ws = sequencer.kernel.ws
        self._store = store
        self._gate = gate
        self._tasks = tasks
        self._peers: dict[str, dict[Peer, None]] = {}
        # This room is the only writer: what it has read or written lately it need not read again.
        self._rows: dict[str, InboxRow] = {}
        self._order = asyncio.Lock()

    # ------------------------------------------------------------ sockets

    def enter(self, peer: Peer) -> None:
        """Show a socket its author's inbox, now and whenever it changes."""
        self._peers.setdefault(peer.session.identity.actor, {})[peer] = None
        self._begin(peer, partial(self._show, peer))

    def leave(self, peer: Peer) -> None:
        """Show a socket nothing more."""
        actor = peer.session.identity.actor
        peers = self._peers.get(actor)
        if peers is not None:
            peers.pop(peer, None)
            if not peers:
                del self._peers[actor]

    def arrived(self, body: VerdictBody) -> None:
        """Tell an author's sockets of a verdict that has become durable."""
        entry = self._sequencer.fold.board.entries[body.intent]
        if entry.actor in self._peers and entry.body.kind in RUNNING_KINDS:
            self._tell(entry.actor, InboxMessage((_described(entry),), whole=False))

    def take(self, peer: Peer, ids: tuple[str, ...]) -> None:
        """Acknowledge for a socket's author; what is wrong with the ids is said to this socket, and it stays."""
        problem = self.problem(peer.session.identity.actor, ids)
        if problem is not None:
            peer.control(encode(problem))
        else:
            self._begin(peer, partial(self._acknowledge, peer, ids))

    async def _show(self, peer: Peer) -> None:
        message = await self.of(peer.session.identity.actor)
        peer.control(encode(message))

    async def _acknowledge(self, peer: Peer, ids: tuple[str, ...]) -> None:
        if not await self.acknowledge(peer.session.identity.actor, ids):
            await self._show(peer)

    def _begin(self, peer: Peer, work: Work) -> None:
        self._tasks.start(self._careful(peer, work), name=f"inbox {peer.session.id}")

    async def _careful(self, peer: Peer, work: Work) -> None:
        """Close the socket when the store cannot go on."""
        try:
            await work()
        except WorkspaceFault as fault:
            peer.close(Close(1012, fault.code, fault.reason))

    def _tell(self, actor: str, message: InboxMessage) -> None:
        note = PreparedMessage(encode(message))
        for peer in self._peers.get(actor, ()):
            peer.control(note)

    # ------------------------------------------------------------ what is in it

    async def of(self, actor: str) -> InboxMessage:
        """Return an author's inbox: the newest 100, and how many more. Raises `StoreFault`."""
        async with self._order:
            return self._message(await self._row(actor))

    def problem(self, actor: str, ids: Collection[str]) -> ErrorMessage | None:
        """Return why an author may not acknowledge all of these, if so: then none is acknowledged."""
        board = self._sequencer.fold.board
        for id in ids:
            entry = board.entries.get(id)
            if entry is None or entry.body.kind not in RUNNING_KINDS:
                return ErrorMessage("malformed", f"There is no instruction {id}.")
            if entry.actor != actor:
                return ErrorMessage("forbidden", f"{id} is {entry.actor}'s: only its author acknowledges its verdict.")
            if not 0 < entry.verdict_seq <= self._gate.durable_seq:
                return ErrorMessage("malformed", f"{id} has no verdict yet.")
        return None

    async def acknowledge(self, actor: str, ids: Collection[str]) -> bool:
        """Take own verdicts out of the inbox for good and tell all sockets of the author; False if none was in it.

        `problem` has been asked before. Raises `StoreFault`.
        """
        async with self._order:
            row, upto = await self._row(actor), self._gate.durable_seq
            unread = self._unread(row)
            left = tuple(entry.id for entry in unread if entry.id not in ids)
            if len(left) == len(unread):
                return False
            row = InboxRow(self._ws, actor, upto, left)
            await self._store.put_inbox(row, self._sequencer.kernel.epoch)
            self._remember(row)
            self._tell(actor, self._message(row))
        return True

    async def _row(self, actor: str) -> InboxRow:
        row = self._rows.get(actor)
        if row is None:
            row = await self._store.inbox(self._ws, actor)
            self._remember(row)
        return row

    def _remember(self, row: InboxRow) -> None:
        self._rows.pop(row.actor, None)
        while len(self._rows) >= ROWS_REMEMBERED:
            del self._rows[next(iter(self._rows))]
        self._rows[row.actor] = row

    def _unread(self, row: InboxRow) -> list[Entry]:
        """Return what is in an inbox, newest first; beyond 500 the oldest have fallen out."""
        board, durable = self._sequencer.fold.board, self._gate.durable_seq
        later = board.timeline.ended(row.actor, after=row.upto, upto=durable, limit=KEPT_MAX)
        return (later + [board.entries[id] for id in row.open if id in board.entries])[:KEPT_MAX]

    def _message(self, row: InboxRow) -> InboxMessage:
        unread = self._unread(row)
        return InboxMessage(tuple(map(_described, unread[:SHOWN_MAX])), max(0, len(unread) - SHOWN_MAX))


def _described(entry: Entry) -> InboxEntry:
    assert entry.verdict is not None, "an inbox holds what has ended"
    body, verdict = entry.body, entry.verdict
    if len(verdict.reason) > REASON_POINTS_MAX:
        verdict = msgspec.structs.replace(verdict, reason=_cut(verdict.reason, REASON_POINTS_MAX))
    return InboxEntry(
        id=entry.id,
        seq=entry.seq,
        at=entry.at,
        kind=body.kind,
        text=_cut(body.text, TEXT_POINTS_MAX),
        refs=body.refs,
        verdict=verdict,
        verdict_seq=entry.verdict_seq,
        undone_by=entry.undone_by,
    )


def _cut(text: str, points_max: int) -> str:
    return text if len(text) <= points_max else f"{text[: points_max - 1]}…"
