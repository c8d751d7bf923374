"""The server's end of a WebSocket: handshake, uvicorn's protocol, one reader and one writer a connection."""
