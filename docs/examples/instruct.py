"""Ask the agent for something, and say where the instruction stands until it ends.

python docs/examples/instruct.py 'http://127.0.0.1:8000/w/demo#token=TOKEN'
"""

import asyncio
import sys

from folkmoot import connect


async def main(link: str) -> None:
    async with connect(link) as room:
        room.compose()
        intent = await room.intent('append "See you there" to plan', doc="plan")
        async for state in intent.states():
            print(state.name, state.reason)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
