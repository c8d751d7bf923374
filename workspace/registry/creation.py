"""How documents come to be: the record that makes them and what they begin with, in one turn of their room."""

from __future__ import annotations

from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.events import Configured, Edited, ReadFrom
from workspace.intents.model.intent import Role
from workspace.room.context import Handle


def found(
    handle: Handle, actor: str, config: ConfigBody, edits: tuple[Edited, ...] = (), *, role: Role = "owner"
) -> None:
    """Enter a set-up with new documents and their first edits, inside a turn: all durable, or nothing is."""
    assert len(edits) <= len(config.documents), "first edits are those of new documents"
    handle(Configured(actor, config, role))
    for edit in edits:
        assert edit.doc in config.documents, "a first edit is that of a new document"
        outcome = handle(edit)
        assert outcome.journal, "the first edit of a new document is taken"
    if edits:
        # Closes their runs: who asks what a document holds finds it in the log, not in a run that is open yet.
        handle(ReadFrom())
