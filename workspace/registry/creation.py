"""How documents come to be: the record that makes them and what they begin with, in one turn of their room."""

from __future__ import annotations

from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.events import Configured, Edited, ReadFrom
from workspace.room.room import Room


def found(room: Room, actor: str, config: ConfigBody, edits: tuple[Edited, ...] = ()) -> None:
    """Enter a set-up with new documents and their first edits, inside the room's loop: all durable, or nothing is."""
    room.handle(Configured(actor, config))
    for edit in edits:
        outcome = room.handle(edit)
        assert outcome.journal, "the first edit of a new document is taken"
    if edits:
        room.handle(ReadFrom())
