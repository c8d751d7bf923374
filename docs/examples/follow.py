"""Follow the log: print every instruction and its verdict, those of the past first and then as they come.

python docs/examples/follow.py ws://127.0.0.1:8000/ws/demo TOKEN
"""

import asyncio
import sys

from folkmoot import connect


async def main(url: str, token: str) -> None:
    async with connect(url, token=token) as room:
        async for record in room.log():
            body = record["body"]
            if record["kind"] == "intent":
                print(body["id"], record["actor"], body["text"], flush=True)
            elif record["kind"] == "verdict":
                print(body["intent"], body["state"], body["reason"], flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
