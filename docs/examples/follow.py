"""Follow the log: print every instruction and its verdict, those of the past first and then as they come.

python docs/examples/follow.py 'http://127.0.0.1:8000/w/demo#token=TOKEN'
"""

import asyncio
import sys

from folkmoot import connect


async def main(link: str) -> None:
    async with connect(link) as room:
        async for record in room.log():
            body = record["body"]
            if record["kind"] == "intent":
                print(body["id"], record["actor"], body["text"], flush=True)
            elif record["kind"] == "verdict":
                print(body["intent"], body["state"], body["reason"], flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
