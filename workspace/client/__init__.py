"""The Python client: a workspace's control socket and its documents, for bots, scripts and tests."""

from workspace.client.document import DocumentClient, connect_document
from workspace.client.intent import Intent, State
from workspace.client.room import Disconnected, Message, Refused, Room, connect, offer

__all__ = [
    "Disconnected",
    "DocumentClient",
    "Intent",
    "Message",
    "Refused",
    "Room",
    "State",
    "connect",
    "connect_document",
    "offer",
]
