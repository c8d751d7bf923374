"""Stock Yjs in a process of its own, asked what it makes of bytes. It shares nothing with the product."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

STOCK = Path(__file__).parent.parent / "stock"


class Oracle:
    """One node process with stock yjs."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["node", "oracle.mjs"], cwd=STOCK, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer

    def make(self, code: str) -> list[bytes]:
        """Return the updates that a piece of JavaScript sends: it gets `Y` and `send`."""
        return [base64.b64decode(update) for update in self._ask({"make": code})["updates"]]

    def program(self, **wanted: Any) -> list[tuple[int, bytes, bool]]:
        """Return what a random history sends, in order: who, the update, whether it is all that person has."""
        sent = self._ask({"program": wanted})["sent"]
        return [(who, base64.b64decode(update), is_whole) for who, update, is_whole in sent]

    def look(self, kind: str, updates: Iterable[bytes]) -> dict[str, Any]:
        """Return `value`, `seen`, `deleted`, `pending`, `vector` and `state` of a fresh document."""
        sent = [base64.b64encode(update).decode() for update in updates]
        answer = self._ask({"updates": sent, "kind": kind})
        for name in ("vector", "state"):
            answer[name] = base64.b64decode(answer[name])
        return answer


@contextmanager
def stock_yjs() -> Iterator[Oracle]:
    """Start stock Yjs, and end it."""
    oracle = Oracle()
    try:
        yield oracle
    finally:
        oracle.close()
