"""One timer that rings once, at the earliest of the times it was set to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Alarm:
    """Rings at the time set, in the loop's seconds; an earlier time stands, and who is rung finds out for itself."""

    __slots__ = ("_handle", "_ring")

    def __init__(self, ring: Callable[[], object]) -> None:
        self._ring = ring
        self._handle: asyncio.TimerHandle | None = None

    def set(self, at: float) -> None:
        """Ring at `at`, unless it rings before."""
        if self._handle is not None:
            if self._handle.when() <= at:
                return
            self._handle.cancel()
        self._handle = asyncio.get_running_loop().call_at(at, self._rung)

    def set_in(self, seconds: float) -> None:
        """Ring in `seconds`, unless it rings before."""
        self.set(asyncio.get_running_loop().time() + seconds)

    def cancel(self) -> None:
        """Ring no more."""
        if self._handle is not None:
            self._handle.cancel()

    def _rung(self) -> None:
        assert self._handle is not None, "what rings was set"
        self._handle = None
        self._ring()
