"""Unmodified yjs and y-websocket in node against the real server."""
