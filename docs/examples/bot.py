"""A bot: whoever asks for something about the budget is reminded of the receipts, in the plan.

python docs/examples/bot.py 'http://127.0.0.1:8000/w/demo#token=TOKEN'
"""

import asyncio
import sys

from folkmoot import connect


async def main(link: str) -> None:
    async with connect(link) as room:
        print("listening", flush=True)
        async for record in room.log(after=room.head):  # what was asked before is not answered again
            if record["kind"] == "intent" and record["actor"] != room.actor and "budget" in record["body"]["text"]:
                await room.intent(f'append "{record["actor"]}: keep the receipts" to plan', doc="plan")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
