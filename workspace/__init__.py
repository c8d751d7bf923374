"""Rooms, people, intents, storage and endpoints: a collaboration server, complete without an agent. Floor two."""

__version__ = "0.1.0"
