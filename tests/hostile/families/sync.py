"""Frames of the sync protocol: questions, vectors, repeats, bytes that are none."""

from __future__ import annotations

import itertools
import random
from collections.abc import Awaitable, Callable, Iterator

from crdt.sync.y_sync import encode_step1, encode_step2, encode_update
from crdt.updates.lib0 import Writer
from crdt.updates.scan import encode_state_vector
from tests.crdt.raw import hostile
from tests.crdt.updates.hostile_updates import HOSTILE
from tests.hostile.attack import Attack, Frame, LowRole, Program

Make = Callable[[random.Random], Iterator[Frame]]


def flooding(make: Make, doc: str) -> Callable[[Attack], Awaitable[None]]:
    async def run(attack: Attack) -> None:
        await attack.flood(make(attack.chance), doc)

    return run


def again(frame: Frame) -> Make:
    return lambda _: itertools.repeat(frame)


def vectors(chance: random.Random) -> Iterator[Frame]:
    while True:
        state = {chance.randrange(2**32): chance.randrange(2**20) for _ in range(2_000)}
        yield encode_step1(encode_state_vector(state))


def changing_vectors(chance: random.Random) -> Iterator[Frame]:
    for at in itertools.count(1):
        yield encode_step1(encode_state_vector({70_000 + at: at}))


def noise(chance: random.Random) -> Iterator[Frame]:
    while True:
        yield chance.randbytes(chance.randrange(1, 400))


def mutated(chance: random.Random) -> Iterator[Frame]:
    while True:
        yield encode_update(hostile(chance, "text", {70_000: 5}, ()))


def gaps(chance: random.Random) -> Iterator[Frame]:
    for at in itertools.count(1):
        body = Writer().var_uint(1).var_uint(1).var_uint(80_000).var_uint(10 * at).byte(4).var_uint(1)
        yield encode_update(body.var_string("content").var_string("x").byte(0).getvalue())


def texts(chance: random.Random) -> Iterator[Frame]:
    while True:
        yield "{" * 50


def large_noise(chance: random.Random) -> Iterator[Frame]:
    while True:
        yield encode_update(b"\xff" * 900_000)


FRAMES: dict[str, tuple[Make, str]] = {
    "step 1 of nothing at a short document": (again(encode_step1(b"\x00")), "plan"),
    "step 1 of nothing at a long document": (again(encode_step1(b"\x00")), "old"),
    "step 1 of 2,000 clients": (vectors, "plan"),
    "step 1 that differs each time": (changing_vectors, "old"),
    "empty step 2": (again(encode_step2(b"\x00\x00")), "plan"),
    "empty update": (again(encode_update(b"\x00\x00")), "plan"),
    "bytes of chance": (noise, "plan"),
    "updates of chance": (mutated, "plan"),
    "edits with gaps": (gaps, "plan"),
    "text frames on a document socket": (texts, "plan"),
    "900 KB of 0xff": (large_noise, "plan"),
}


def malformed() -> Iterator[Program]:
    """Every update of the scanner's list, over and over."""
    for name, data in HOSTILE.items():
        if len(data) < 1 << 20:
            yield Program(f"malformed: {name}", "sync", "editor", flooding(again(encode_update(data)), "plan"))


def programs() -> Iterator[Program]:
    roles: tuple[LowRole, ...] = ("viewer", "editor")
    for name, (make, doc) in FRAMES.items():
        for role in roles:
            yield Program(f"{role}: {name}", "sync", role, flooding(make, doc))
    yield from malformed()
