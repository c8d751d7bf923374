"""Records that a client has let go, from the server again: on a socket of their own, at the pace of whoever reads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
from websockets.exceptions import ConnectionClosed

from workspace.client.dial import dialled
from workspace.client.faults import Disconnected, closed_with, is_final, within
from workspace.client.intent import Message
from workspace.client.line import OPEN_SECONDS, RETRY_SECONDS
from workspace.client.room_address import Address

# Between two records of the past: a server lets who reads whole logs wait a while.
RECORD_SECONDS = 60.0
TRIES = 6


async def past_records(
    address: Address, hello: Message, *, after: int, last: int, origin: str | None = None
) -> AsyncIterator[Message]:
    """Yield the records behind `after` up to `last`, in order. `hello` names the lane, which follows elsewhere.

    Raises:
        Disconnected: the server refuses, or was not reached in several tries, one after the other.
        Overdue: it says nothing for a minute.
    """
    tries = 0
    while after < last:
        why: Disconnected | None = None
        try:
            async with dialled(
                address.socket(), address.token, shown=address.shown, origin=origin, seconds=OPEN_SECONDS
            ) as socket:
                await socket.send(msgspec.json.encode({**hello, "type": "hello", "seen": after}), text=True)
                while after < last:
                    async with within(RECORD_SECONDS, f"Record {after + 1}"):
                        message = msgspec.json.decode(await socket.recv())
                    if message["type"] == "record" and message["seq"] == after + 1:
                        after, tries = after + 1, 0
                        yield message
        except ConnectionClosed:
            why = closed_with(socket.close_code or 1006, socket.close_reason or "")
        except Disconnected as refused:
            why = refused
        if why is not None:
            if is_final(why.status) or tries >= TRIES:
                raise why
            await asyncio.sleep(RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)])
            tries += 1
