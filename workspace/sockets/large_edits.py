"""A large edit, carried out in pieces: between two of them everybody else has a turn, and its author's share holds.

An update is one native call that holds the interpreter's lock however long it takes: 150,000 deleted ranges, or a
document that was made elsewhere, would stop every workspace. The socket that sent it is not read meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from crdt.updates.pieces import PIECE_STRUCTS, most_at_first, split
from crdt.updates.scan import scan_update
from crdt.updates.structs import with_sections
from workspace.protocol.session import DocumentEdit
from workspace.room.peer import Peer
from workspace.room.room import Room
from workspace.threads import compute

# After a piece that took longer than the one the next is half as large, after one that took less than the other twice.
LONG_SECONDS, SHORT_SECONDS = 0.02, 0.005
FIRST_STRUCTS = 100


class LargeEdit:
    """One update of a socket on its way into a room's document."""

    __slots__ = ("_edit", "_most", "_peer", "_room")

    def __init__(self, room: Room, peer: Peer, edit: DocumentEdit) -> None:
        self._room = room
        self._peer = peer
        self._edit = edit
        self._most = FIRST_STRUCTS

    async def carry_out(self) -> None:
        """Carry it out, piece by piece, each durable before the next. Raises `RoomClosed`.

        A socket that goes meanwhile has sent what came before: what is left is dropped, as what it had not sent is.
        """
        document = self._room.sequencer.fold.documents.get(self._peer.session.doc or "")
        edit, has_effect, count = self._edit, False, 0
        if document is not None:
            state = dict(document.state_vector())
            self._most = most_at_first(document.items_bound(), FIRST_STRUCTS)
            pieces = split(edit.update, edit.scan, state, most=lambda: self._most)
            piece = await compute(self._next, pieces)
            while piece is not None and self._peer.closing is None and not self._peer.is_gone:
                following = await compute(self._next, pieces)
                has_effect = await self._take(piece, is_last=following is None) or has_effect
                piece, count = following, count + 1
        if count == 0:
            # Nothing of it is new, or there is no such document: that is said once, for all of it.
            await self._take(edit, is_last=True)
        elif edit.digest and not has_effect and self._peer.session.repeats is not None:
            self._peer.session.repeats.add(edit.digest)

    def _next(self, pieces: Iterator[bytes]) -> DocumentEdit | None:
        """Return the next piece, scanned; runs beside the loop."""
        piece = next(pieces, None)
        if piece is None:
            return None
        return DocumentEdit(piece, with_sections(piece, scan_update(piece)), self._edit.is_step2)

    async def _take(self, piece: DocumentEdit, *, is_last: bool) -> bool:
        """Carry out one piece when its author's share allows; tell whether something came of it."""
        work, actor = self._room.hub.work, self._peer.session.identity.actor
        while self._peer.rest is not None:  # edits that it sent before are still on their way
            await self._room.read(lambda: None)
        document = self._room.sequencer.fold.documents.get(self._peer.session.doc or "")
        if document is not None and piece.scan.branches:
            await self._room.reader.read_crowds(document)
        # Another socket of the same person may use up what comes in meanwhile: a piece more does no harm.
        if (wait := work.wait(actor)) > 0:
            await asyncio.sleep(wait)

        def job() -> bool:
            began = work.timer()
            has_effect = self._room.commands.edit_part(self._peer, piece, is_last=is_last)
            took = work.timer() - began
            if took > LONG_SECONDS:
                self._most = max(1, self._most // 2)
            elif took < SHORT_SECONDS:
                self._most = min(PIECE_STRUCTS, 2 * self._most)
            return has_effect

        return await self._room.read(job)
