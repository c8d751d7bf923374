"""The limit of uvicorn: broadcast without a CRDT in a bare ASGI callable. `bare_asgi.py PORT`"""

from __future__ import annotations

import contextlib
import sys

import uvicorn

rooms = {}


async def app(scope, receive, send):
    """Send every frame to all others on the same path."""
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    room = rooms.setdefault(scope["path"], set())
    room.add(send)
    try:
        while (message := await receive())["type"] == "websocket.receive":
            frame = {"type": "websocket.send", "bytes": message["bytes"]}
            for other in [other for other in room if other is not send]:
                # Whoever has just left cannot be told; its own reader takes it out.
                with contextlib.suppress(RuntimeError):
                    await other(frame)
    finally:
        room.discard(send)


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        ws="websockets-sansio",
        loop="uvloop",
        http="httptools",
        log_level="error",
        ws_per_message_deflate=False,
        lifespan="off",
    )
