"""Type into a document as a person does, without the agent, and read it.

python docs/examples/edit.py 'http://127.0.0.1:8000/w/demo#token=TOKEN'
"""

import asyncio
import sys

from folkmoot import connect_document


async def main(link: str) -> None:
    async with connect_document(link, "plan") as plan:
        await plan.insert(0, "Bring umbrellas.\n")
        await plan.delete(0, 5)  # code points, whatever the letters are
        await plan.insert(0, "Take")
        await plan.saved()  # on the server's disk
        print(plan.text())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
