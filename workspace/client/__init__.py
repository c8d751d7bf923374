"""The Python client: a workspace's control socket and its documents, for bots, scripts and tests."""

from workspace.client.document import DocumentClient, connect_document
from workspace.client.faults import ClientError, Disconnected, FellBehind, Overdue, Refused, Unusable
from workspace.client.intent import Intent, IntentState, Message
from workspace.client.room import RoomClient, connect
from workspace.client.script import SyncDocument, SyncIntent, SyncRoom, connect_document_sync, connect_sync

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
    "connect",
    "connect_document",
    "connect_document_sync",
    "connect_sync",
]
