"""pycrdt-websocket on uvicorn and uvloop, without a store. `pycrdt_websocket.py PORT`"""

from __future__ import annotations

import sys

import uvicorn
import uvloop
from pycrdt.websocket import ASGIServer, WebsocketServer


async def main() -> None:
    """Serve until the process ends; rooms stay, as with the other servers."""
    async with WebsocketServer(auto_clean_rooms=False) as rooms:
        config = uvicorn.Config(
            ASGIServer(rooms),
            host="127.0.0.1",
            port=int(sys.argv[1]),
            ws="websockets-sansio",
            loop="uvloop",
            http="httptools",
            log_level="error",
            ws_per_message_deflate=False,
            lifespan="off",
        )
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    uvloop.run(main())
