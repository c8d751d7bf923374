"""Presence: floods, sizes, others' names and ids, clocks."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections.abc import Awaitable, Callable, Iterator

from crdt.sync.y_sync import encode_awareness_frame
from crdt.updates.lib0 import Writer
from tests.hostile.attack import Attack, Frame, Program

QUERY = b"\x03"
Make = Callable[[random.Random], Iterator[Frame]]


def entry(client: int, clock: int, state: str) -> bytes:
    return encode_awareness_frame(Writer().var_uint(1).var_uint(client).var_uint(clock).var_string(state).getvalue())


def growing(state: str, client: int = 70_001) -> Make:
    def frames(_: random.Random) -> Iterator[Frame]:
        for clock in itertools.count(1):
            yield entry(client, clock, json.dumps({"at": clock})[:-1] + f', "more": {state}}}')

    return frames


def clients(chance: random.Random) -> Iterator[Frame]:
    while True:
        yield entry(chance.randrange(2**32), 1, '{"user":{"name":"somebody"}}')


def many(chance: random.Random) -> Iterator[Frame]:
    while True:
        writer = Writer().var_uint(3_000)
        for _ in range(3_000):
            writer.var_uint(chance.randrange(2**32)).var_uint(1).var_string("{}")
        yield encode_awareness_frame(writer.getvalue())


def clocks(chance: random.Random) -> Iterator[Frame]:
    for clock in itertools.cycle((2**31 - 1, 2**31, 2**32, 2**53 - 1, 0, 1)):
        yield entry(70_001, clock, '{"at":1}')


def flicker(_: random.Random) -> Iterator[Frame]:
    for clock in itertools.count(1):
        yield entry(70_001, clock, "null" if clock % 2 else '{"user":{"name":"x"}}')


def the_agents(_: random.Random) -> Iterator[Frame]:
    for clock in itertools.count(1):
        yield entry(4_097 + clock % 100, clock, '{"user":{"name":"Agent","kind":"agent"}}')


STATES: dict[str, Make] = {
    "16 KB, 490 a second": growing(json.dumps("x" * 15_000)),
    "200 KB, 490 a second": growing(json.dumps("x" * 200_000)),
    "30 bytes, 490 a second": growing("0"),
    "nested 60 deep": growing("[" * 60 + "]" * 60),
    "nested 5,000 deep": growing("[" * 5_000 + "]" * 5_000),
    "2,000 keys": growing(json.dumps({f"k{at}": at for at in range(2_000)})),
    "half characters": growing('"' + "\\ud83d" * 500 + '"'),
    "an id of chance each time": clients,
    "3,000 entries a frame": many,
    "clocks at the ends": clocks,
    "here and gone": flicker,
    "the agent's ids": the_agents,
}


def programs() -> Iterator[Program]:
    for name, make in STATES.items():
        yield Program(f"presence: {name}", "awareness", "viewer", _flooding(make, "plan"))
    yield Program(
        "presence: who is here, 490 a second",
        "awareness",
        "viewer",
        _flooding(lambda _: itertools.repeat(QUERY), "plan"),
    )
    yield Program("presence: of forty sockets", "awareness", "viewer", _crowd)
    yield Program("presence: sockets that come and go", "awareness", "viewer", _come_and_go)


def _flooding(make: Make, doc: str) -> Callable[[Attack], Awaitable[None]]:
    async def run(attack: Attack) -> None:
        await attack.flood(make(attack.chance), doc)

    return run


async def _crowd(attack: Attack) -> None:
    state = json.dumps("x" * 8_000)
    await asyncio.gather(
        *(attack.flood(growing(state, 90_000 + at)(attack.chance), "plan", per_second=60) for at in range(40))
    )


async def _come_and_go(attack: Attack) -> None:
    while not attack.is_over:
        await attack.flood([entry(attack.chance.randrange(2**32), 1, '{"a":1}')], "plan", settle=0.0)
