"""Folkmoot's Python client: `from folkmoot import connect`.

It hands on the client's public names under the name that people install, and the version; nothing is defined here.
`docs/examples` shows what can be done with them.
"""

from __future__ import annotations

from workspace import __version__
from workspace.client import Disconnected, Message, Refused, RoomClient, connect
from workspace.client.document import DocumentClient, connect_document
from workspace.client.intent import Intent, State

__all__ = [
    "Disconnected",
    "DocumentClient",
    "Intent",
    "Message",
    "Refused",
    "RoomClient",
    "State",
    "__version__",
    "connect",
    "connect_document",
]
