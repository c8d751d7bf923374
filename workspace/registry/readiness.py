"""Is this server ready? Asked often and by anybody, so at most one write a second finds out, and nobody waits long."""

from __future__ import annotations

import asyncio

from workspace.errors import StoreFault
from workspace.ports import Store
from workspace.tasks import Tasks
from workspace.telemetry import LOGGER

SECONDS_MAX = 2.0
FRESH_SECONDS = 1.0


class Readiness:
    """Whether the store makes writes durable, as of a second ago. Times are the loop's, in seconds."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._tasks = Tasks()
        self._found: tuple[float, str] | None = None

    async def problem(self) -> str:
        """Return why the server is not ready, "" when it is.

        One write is under way at most: where it hangs, whoever asks waits two seconds for that one.
        """
        loop = asyncio.get_running_loop()
        if self._found is not None and loop.time() - self._found[0] < FRESH_SECONDS:
            return self._found[1]
        writing = next(iter(self._tasks), None)
        if writing is None:
            assert not len(self._tasks), "one write is under way at most"
            writing = self._tasks.start(self._write(), name="readiness", is_awaited=True)
        done, _ = await asyncio.wait((writing,), timeout=SECONDS_MAX)
        if not done:
            return f"The database took no write within {SECONDS_MAX:g} seconds."
        return self._found[1] if self._found is not None else "The server is stopping."

    async def close(self) -> None:
        """Stop asking."""
        await self._tasks.close()

    async def _write(self) -> None:
        try:
            await self._store.touch()
            await self._store.count_tokens()
        except StoreFault as fault:
            reason = f"The database does not write: {fault.reason}"
        except Exception as bug:  # noqa: BLE001  a task root: what breaks here is a reason, not an old answer
            LOGGER.exception("the readiness of the store cannot be told")
            reason = f"The database does not write: {type(bug).__name__}"
        else:
            reason = ""
        self._found = (asyncio.get_running_loop().time(), reason)
