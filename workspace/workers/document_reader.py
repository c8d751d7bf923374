"""Dear documents are read beside the event loop before the agent's round goes on (decision 123).

To digest a page of 60,000 paragraphs, or to read 50,000 keys for the first time, takes most of a second of the
interpreter: everybody on the server would wait for it. Edits go on meanwhile; what they change is read again, or, of a
page, all of it, ten times at most: then the round goes on whatever that costs.

So it is with what crowds in a document that was loaded, once more comes to one place than hands write (decision 124).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from crdt.documents.document import Document
from crdt.errors import CrdtError
from workspace.intents.state.fold import WorkspaceState
from workspace.tasks import Tasks
from workspace.telemetry import LOGGER
from workspace.threads import compute

ATTEMPTS = 10


class DocumentReader:
    """The readings of one room, one after the other; `go_on` is called when there is no more to read."""

    __slots__ = ("_attempts", "_crowds", "_fold", "_go_on", "_run_task", "_tasks", "are_running")

    def __init__(self, fold: WorkspaceState, go_on: Callable[[], None], tasks: Tasks) -> None:
        self._fold = fold
        self._go_on = go_on
        self._tasks = tasks
        # By document: how often it was read and had changed when that was done.
        self._attempts: dict[str, int] = {}
        self.are_running = False
        self._run_task: asyncio.Task[None] | None = None
        # One reading of crowds at a time; made when there is the first.
        self._crowds: asyncio.Lock | None = None

    def begin(self) -> None:
        """Begin to read what is dear, if anything is; `are_running` tells."""
        if self.are_running:
            return
        dear = self._find_dear()
        if dear:
            self.are_running = True
            self._run_task = self._tasks.start(self._run(), name="readings")
        elif self._attempts:
            self._attempts = {}

    async def finish(self) -> None:
        """Read what is dear, and come back when that is done: what closes a room digests all of it."""
        self.begin()
        if self._run_task is not None:
            await asyncio.wait((self._run_task,))

    async def read_crowds(self, document: Document) -> None:
        """Read what crowds in a document where that is to be known; whoever asks meanwhile waits for it."""
        if self._crowds is None:
            self._crowds = asyncio.Lock()
        async with self._crowds:
            crowds = document.crowds
            if crowds is not None and crowds.is_suspicious:
                with suppress(CrdtError):  # whoever uses it next learns that it cannot be read, and puts it aside
                    reading = crowds.begin_reading(document.encode())
                    try:
                        await compute(reading.read)
                    finally:
                        crowds.end_reading(reading)

    def _find_dear(self) -> list[str]:
        tried = self._attempts
        documents = self._fold.documents
        return [doc for doc, document in documents.items() if document.is_dear and tried.get(doc, 0) < ATTEMPTS]

    async def _run(self) -> None:
        try:
            while dear := self._find_dear():
                await self._read(dear[0])
        finally:
            # Whatever happens here, the round may not rest for ever.
            self.are_running = False
            self._go_on()

    async def _read(self, doc: str) -> None:
        document = self._fold.documents[doc]
        self._attempts[doc] = self._attempts.get(doc, 0) + 1
        try:
            reading = document.begin_reading()
            await compute(reading.read)
        except CrdtError as error:
            # Whoever reads it next is told, and puts it aside.
            LOGGER.warning("%s cannot be read: %s", doc, error.reason)
            self._attempts[doc] = ATTEMPTS
            return
        document.end_reading(reading)
        if not document.is_dear:
            del self._attempts[doc]
