"""Carry a redaction out: the `config` record first, then the bodies, then a fresh start without the words in memory."""

from __future__ import annotations

import asyncio

from workspace.errors import CLOSE_RESTART
from workspace.intents.events import Configured
from workspace.intents.record import ConfigBody
from workspace.intents.redaction import redact
from workspace.reading import read_all
from workspace.room import Room


async def redact_intent(room: Room, intent: str, *, actor: str) -> int | None:
    """Take an intent's words out of a workspace's log and archive; return how many records changed, None for no intent.

    Repeated, it finds nothing more. A crash in between leaves a record that names bodies which are not yet blanked:
    they verify as they are, and doing it again finishes it.
    """
    rows, _ = await read_all(room.store, room.ws)
    redaction = await asyncio.to_thread(redact, rows, intent)
    if redaction is None or not redaction.bodies:
        return None if redaction is None else 0
    await room.ask(lambda: room.handle(Configured(actor, ConfigBody(redacted=redaction.hashes()))))
    await room.store.rewrite(room.ws, room.sequencer.core.epoch, redaction.bodies, redaction.blobs)
    await room.close(CLOSE_RESTART)
    return len(redaction.bodies)
