"""Folkmoot's Python client: `from folkmoot import connect`.

It hands on the client's public names under the name that people install, and the version; nothing is defined here.
`docs/examples` shows what can be done with them.
"""

from __future__ import annotations

from workspace import __version__
from workspace.client import (
    ClientError,
    Disconnected,
    DocumentClient,
    FellBehind,
    Intent,
    IntentState,
    Message,
    Overdue,
    Refused,
    RoomClient,
    SyncDocument,
    SyncIntent,
    SyncRoom,
    Unusable,
    connect,
    connect_document,
    connect_document_sync,
    connect_sync,
)

__all__ = [
    "ClientError",
    "Disconnected",
    "DocumentClient",
    "FellBehind",
    "Intent",
    "IntentState",
    "Message",
    "Overdue",
    "Refused",
    "RoomClient",
    "SyncDocument",
    "SyncIntent",
    "SyncRoom",
    "Unusable",
    "__version__",
    "connect",
    "connect_document",
    "connect_document_sync",
    "connect_sync",
]
