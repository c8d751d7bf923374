"""Carry a redaction out: the `config` record first, then the bodies, then a fresh start without the words in memory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Protocol

from crdt.digest import Json, canonical
from workspace.errors import CLOSE_RESTART, Close
from workspace.history.read import read_all
from workspace.intents.audit.redaction import Redaction, redact, without
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.events import Configured, Outcome
from workspace.intents.sequencer import Sequencer
from workspace.ports import Store
from workspace.threads import compute

PASSES_MAX = 4
SHARED_PARTS = 2  # system prompt and tools stand first in a request; they are every call's, and hold nobody's words


class OpenWorkspace(Protocol):
    """A workspace whose log goes on while it is redacted; a room is one."""

    @property
    def ws(self) -> str:
        """Its id."""

    @property
    def store(self) -> Store:
        """Where its log is."""

    @property
    def sequencer(self) -> Sequencer:
        """Who writes it."""

    async def submit(self, event: Configured, /) -> Outcome:
        """Put a set-up through the sequencer; return once that is durable."""

    async def close(self, why: Close, /) -> None:
        """End it, so that whoever comes next folds the log anew."""


async def redact_intent(room: OpenWorkspace, intent: str, *, actor: str) -> int | None:
    """Take an intent's words out of a workspace's log and archive; return how many records changed, None for no intent.

    The log goes on while it is read: it is read again until nothing is left. Repeated, it finds nothing more, unless
    effects that were waiting have left since. A crash in between leaves a record that names bodies which are not yet
    blanked: they verify as they are, and doing it again finishes it.
    """
    changed: set[int] = set()
    has_forgotten = False
    for _ in range(PASSES_MAX):
        rows, _journal = await read_all(room.store, room.ws)
        redaction = await compute(redact, rows, intent)
        if redaction is None:
            return None
        blobs = await _told(room, redaction)
        if not redaction.bodies and not blobs:
            break
        config = ConfigBody(redacted=redaction.hashes())
        await room.submit(Configured(actor, config, "owner"))
        await room.store.rewrite(room.ws, room.sequencer.kernel.epoch, redaction.bodies, tuple(sorted(blobs)))
        changed.update(redaction.bodies)
        has_forgotten = True
    if has_forgotten:
        await room.close(CLOSE_RESTART)
    return len(changed)


async def _told(room: OpenWorkspace, redaction: Redaction) -> set[str]:
    """Return what of the archive is to be forgotten."""
    forgotten: set[str] = set()
    for sha in redaction.calls:
        content = await room.store.blob(room.ws, sha)
        if content is not None:
            forgotten |= {sha, *_messages(content)}
    looked_at: set[str] = set()
    for sha in redaction.later if redaction.words else ():
        content = await room.store.blob(room.ws, sha)
        for part in (sha, *_messages(content or b"{}")):
            if part in looked_at or part in forgotten:
                continue
            looked_at.add(part)
            words = await room.store.blob(room.ws, part)
            if words is not None and _quotes(json.loads(words), redaction.words):
                forgotten.add(part)
    return forgotten


def _messages(content: bytes) -> list[str]:
    """Return the archive's names of a request's messages; none for a response."""
    found = json.loads(content)
    parts = found.get("parts") if isinstance(found, dict) else None
    return json.loads(parts)["parts"][SHARED_PARTS:] if isinstance(parts, str) else []


def _quotes(value: Json, words: Sequence[str]) -> bool:
    """Tell whether a text in a JSON value quotes these words, as they are or inside JSON: planners tell tasks so."""
    match value:
        case str():
            forms = [form for word in words for form in (word, canonical(word).decode()[1:-1])]
            return without(value, forms) != value
        case list():
            return any(_quotes(part, words) for part in value)
        case dict():
            return any(_quotes(part, words) for part in value.values())
        case _:
            return False
