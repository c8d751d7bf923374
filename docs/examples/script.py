"""The same without asyncio: ask the agent, wait for the verdict, say what went wrong and what to do.

python docs/examples/script.py 'http://127.0.0.1:8000/w/demo#token=TOKEN'
"""

import sys

from folkmoot import ClientError, connect_sync

try:
    with connect_sync(sys.argv[1], open_seconds=5) as room:
        verdict = room.intent('append "By a script" to plan', doc="plan").verdict()
        print(verdict["state"], verdict["reason"])
except ClientError as error:
    sys.exit(f"{error.code}: {error.reason} {error.remedy}")
