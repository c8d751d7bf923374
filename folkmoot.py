"""Folkmoot's Python client: `from folkmoot import connect`.

It hands on the client's public names under the name that people install, and the version; nothing is defined here.
`docs/examples` shows what can be done with them.
"""

from __future__ import annotations

from workspace import __version__
from workspace.client import (
    Disconnected,
    DocumentClient,
    Intent,
    IntentState,
    Message,
    Refused,
    RoomClient,
    connect,
    connect_document,
)

__all__ = [
    "Disconnected",
    "DocumentClient",
    "Intent",
    "IntentState",
    "Message",
    "Refused",
    "RoomClient",
    "__version__",
    "connect",
    "connect_document",
]
