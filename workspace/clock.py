"""Time and chance from the machine: the `Clock` of a running server."""

from __future__ import annotations

import secrets
import time


class SystemClock:
    """`workspace.ports.Clock` on wall time and the operating system's randomness."""

    def now(self) -> float:
        """Return wall time in unix seconds."""
        return time.time()

    def token(self, size: int) -> str:
        """Return `size` random bytes as lower-case hex."""
        return secrets.token_hex(size)
