"""Pack sealed segments beside the room's loop: after a checkpoint is durable, and what a crash left over at opening."""

from __future__ import annotations

import asyncio

from workspace.errors import WorkspaceFault
from workspace.intents.model.segment import Segment
from workspace.intents.sequencer import Sequencer
from workspace.ports import Store
from workspace.telemetry import LOGGER


class SegmentPacker:
    """The segments of one workspace. Nobody waits for it; what fails is tried again at the next checkpoint."""

    __slots__ = ("_sequencer", "_store", "_turn")

    def __init__(self, store: Store, sequencer: Sequencer) -> None:
        self._store = store
        self._sequencer = sequencer
        self._turn = asyncio.Lock()

    async def run(self, segments: tuple[Segment, ...]) -> None:
        """Pack these, the oldest first: those that some durable checkpoint holds, packed already or not."""
        kernel = self._sequencer.kernel
        async with self._turn:
            try:
                moved = await self._store.pack(kernel.ws, kernel.epoch, segments)
            except WorkspaceFault as fault:
                LOGGER.warning("room %s: segments stay where they are: %s", kernel.ws, fault.reason)
                return
        if moved:
            LOGGER.info("room %s: %d segments packed", kernel.ws, moved)
