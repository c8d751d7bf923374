"""Control messages of docs/protocol.md with fields that are odd, many, large, deep, or somebody else's."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Awaitable, Callable, Iterator

from tests.fuzz.frames import FIELDS, NAMES, ODD
from tests.hostile.attack import PLAIN, Attack, LowRole, Program

Make = Callable[[random.Random], Iterator[object]]


def again(message: object) -> Make:
    return lambda _: itertools.repeat(message)


def odd(chance: random.Random) -> Iterator[object]:
    while True:
        message: dict[str, object] = {"type": chance.choice(NAMES)}
        for field in chance.sample(FIELDS, chance.randrange(6)):
            message[field] = chance.choice(ODD)
        yield json.dumps(message)


def composing(size: int) -> Make:
    def messages(_: random.Random) -> Iterator[object]:
        for at in itertools.count():
            yield {"type": "composing", "on": at % 2 == 0, "scope": [{"doc": "plan", "quote": "x" * size}]}

    return messages


def scopes(_: random.Random) -> Iterator[object]:
    for at in itertools.count():
        yield {"type": "composing", "on": True, "scope": [{"doc": f"d{at}"} for _ in range(250)]}


def acknowledgements(_: random.Random) -> Iterator[object]:
    for at in itertools.count():
        yield {"type": "acknowledge", "intents": [f"i{at * 500 + other}" for other in range(500)]}


def seen(_: random.Random) -> Iterator[object]:
    for at in itertools.count():
        yield {"type": "seen", "seq": at * 997}


NESTED = '{"type": "composing", "on": true, "scope": ' + "[" * 30_000 + "]" * 30_000 + "}"
LARGE = {"type": "intent", "n": 1, "text": "x" * 300_000}
PARTS = {"type": "intent", "n": 1, "text": "do", "refs": list(range(19_000))}
UNREAD: tuple[str, ...] = ("", "{", "nul", '"', "[]", "1", '{"type": 5}', '{"type": "hello"', "\ufeff{}", "{}" * 1_000)
MESSAGES: dict[str, Make] = {
    "odd fields": odd,
    "hello again": again({"type": "hello", "seen": 0}),
    "hello with another's lane": again({"type": "hello", "lane": "L1", "secret": "0" * 32}),
    "composing on and off": composing(10),
    "composing of 2,000 characters": composing(2_000),
    "composing about 250 places": scopes,
    "30,000 brackets": again(NESTED),
    "an intent of 300 KB": again(LARGE),
    "an intent of 19,000 parts": again(PARTS),
    "acknowledgements of 500 unknown": acknowledgements,
    "seen that jumps": seen,
    "a type that is none": again({"type": "welcome", "lane": "L1"}),
    "numbers that are none": again('{"type": "seen", "seq": 1e999}'),
    "a field twice": again('{"type": "seen", "seq": 1, "seq": 2}'),
    "half a character": again('{"type": "intent", "n": 1, "text": "\\ud83d"}'),
}


def programs() -> Iterator[Program]:
    roles: tuple[LowRole, ...] = ("viewer", "commenter")
    for (name, make), role in itertools.product(MESSAGES.items(), roles):
        yield Program(f"{role} says: {name}", "control", role, _saying(make, PLAIN))
    yield Program("odd fields at a document", "control", "commenter", _saying(odd, "plan"))
    yield Program("a tour of what is no message", "control", "viewer", _tour)
    yield Program("hello on a hundred sockets, from the beginning", "control", "viewer", _hellos)


def _saying(make: Make, doc: str) -> Callable[[Attack], Awaitable[None]]:
    async def run(attack: Attack) -> None:
        await attack.say(make(attack.chance), doc)

    return run


async def _tour(attack: Attack) -> None:
    while not attack.is_over:
        for text in UNREAD:
            await attack.flood([text], PLAIN, settle=0.0)


async def _hellos(attack: Attack) -> None:
    follow = json.dumps({"type": "hello", "seen": 0, "follow": True})
    while not attack.is_over:
        async with attack.socket("plan") as socket:
            await socket.send(b"\x64" + bytes([len(follow)]) + follow.encode())
