"""The Python client: a workspace's control socket and its documents, for bots, scripts and tests."""

from workspace.client.document import DocumentClient, connect_document
from workspace.client.intent import Intent, IntentState, Message
from workspace.client.room import Disconnected, Refused, RoomClient, connect

__all__ = [
    "Disconnected",
    "DocumentClient",
    "Intent",
    "IntentState",
    "Message",
    "Refused",
    "RoomClient",
    "connect",
    "connect_document",
]
