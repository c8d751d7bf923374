"""What the generator is told: one value, handed over as JSON on its command line."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from tests.bench.peers.wire import Dialect


@dataclass(frozen=True, slots=True)
class Order:
    """One scenario against one running server. Times in seconds, `rate` in operations a second.

    `path` is the socket's path with `{room}` for the room's name; `pid` is the server, for its CPU, memory and end.
    """

    scenario: str
    port: int
    pid: int
    dialect: Dialect = "yws"
    path: str = "{room}"
    rooms: int = 1
    clients: int = 2
    rate: float = 50.0
    seconds: float = 4.0
    warm: float = 1.0
    window: int = 8
    operations: int = 20_000
    checked: int = 2
    repeats: int = 10
    pending: int = 0
    file: str = ""

    def to_json(self) -> str:
        """Return the order as the command line carries it."""
        return json.dumps(asdict(self))

    @classmethod
    def of_json(cls, text: str) -> Order:
        """Return the order on a command line."""
        return cls(**json.loads(text))


def room_name(at: int) -> str:
    """Return the name of a room; servers that need their rooms made first are told the same names."""
    return f"r{at}"
