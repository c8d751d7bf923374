"""The Python client: a workspace's control socket and its documents, for bots, scripts and tests."""

from workspace.client.document import DocumentClient, connect_document
from workspace.client.intent import Intent, IntentState
from workspace.client.room import Disconnected, Message, Refused, RoomClient, connect, offer

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
    "offer",
]
