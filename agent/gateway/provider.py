"""The port to whoever serves models: one call to one model, streamed, no retries behind our back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from agent.gateway.assembly import Assembly, StreamPart
from agent.gateway.call import Call, Reply


class Provider(Protocol):
    """Serves models. See `agent.gateway.provider_anthropic`."""

    async def send(self, call: Call, model: str, assembly: Assembly, on_part: Callable[[StreamPart], None]) -> Reply:
        """Return the whole answer of one model, put together in `assembly`; `on_part` hears it grow.

        May be cancelled at any await: what `assembly` has counted until then stays.

        Raises:
            agent.gateway.call.CallFailed: whatever went wrong, by its kind.
        """

    async def close(self) -> None:
        """Close connections."""


class LateProvider:
    """A provider that is made on first need, beside the loop: the SDK takes seconds to import."""

    def __init__(self, make: Callable[[], Provider]) -> None:
        self._make = make
        self._made: asyncio.Future[Provider] | None = None

    async def ready(self) -> Provider:
        """Return the provider, making it once."""
        if self._made is None:
            self._made = asyncio.ensure_future(asyncio.to_thread(self._make))
        # Shielded: a caller who gives up must not stop the loading that others wait for.
        return await asyncio.shield(self._made)

    async def send(self, call: Call, model: str, assembly: Assembly, on_part: Callable[[StreamPart], None]) -> Reply:
        """See `Provider.send`."""
        return await (await self.ready()).send(call, model, assembly, on_part)

    async def close(self) -> None:
        """Close the provider if it was made."""
        if self._made is not None:
            await (await self._made).close()
