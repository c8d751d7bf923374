"""Instructions of a commenter or editor: many, long, with many places, with patterns, about everything."""

from __future__ import annotations

import itertools
import random
from collections.abc import Awaitable, Callable, Iterator

from tests.hostile.attack import PLAIN, Attack, Program

Make = Callable[[random.Random], Iterator[object]]


def doing(make: Callable[[int], dict[str, object]]) -> Make:
    def messages(_: random.Random) -> Iterator[object]:
        for at in itertools.count(1):
            yield {"type": "intent", "n": at, "seen": 0, **make(at)}

    return messages


# None of these changes what the honest ones type.
SENTENCES = (
    "set k{} to 1",
    "increase k1 by 1",
    'append "x" to notes',
    "change nothing to something in notes",
    "delete everything in notes",
    "replace a with b in notes",
)


def sentences(at: int) -> dict[str, object]:
    return {"text": SENTENCES[at % len(SENTENCES)].format(at)}


def quotes(at: int) -> dict[str, object]:
    return {"text": "change it", "scope": [{"doc": "plan", "quote": "word " * 300 + str(at)}]}


def places(at: int) -> dict[str, object]:
    return {"text": "change them", "scope": [{"doc": "plan", "quote": f"k{other};"} for other in range(32)]}


def keys(at: int) -> dict[str, object]:
    return {"text": f"set k{at} to 1", "scope": [{"doc": "budget", "keys": [[f"k{other}"] for other in range(300)]}]}


DOINGS: dict[str, Callable[[int], dict[str, object]]] = {
    "many sentences": sentences,
    "one key over and over": lambda at: {"text": "increase k1 by 1", "scope": [{"doc": "budget", "keys": [["k1"]]}]},
    "8,000 characters": lambda at: {"text": "change " * 1_100},
    "8,000 characters of one letter": lambda at: {"text": "a" * 7_999},
    "8,000 blanks": lambda at: {"text": " " * 7_999},
    "brackets": lambda at: {"text": "(" * 7_999},
    "quotation marks": lambda at: {"text": '"' * 7_999},
    "a pattern that goes back": lambda at: {"text": "replace " + "a" * 3_000 + "! with b in plan"},
    "32 places": places,
    "a long quotation": quotes,
    "300 keys": keys,
    "refs of nothing": lambda at: {"text": "do", "refs": [f"i{other}" for other in range(16)]},
    "needs that never come": lambda at: {"text": "do", "needs": {"plan": {"sent": 10**6}}},
    "undo of everything": lambda at: {"kind": "undo", "text": "", "refs": [f"i{at}"]},
    "cancel of everything": lambda at: {"kind": "cancel", "text": "", "value": "all"},
    "answers to nothing": lambda at: {"kind": "answer", "text": "", "refs": [f"q{at}"], "value": "yes"},
    "overrides": lambda at: {"kind": "override", "text": "set k1 to 2", "refs": [f"i{at}"]},
    "deadlines": lambda at: {"text": "set k1 to 2", "deadline": 1.0 + at},
    "expectations": lambda at: {
        "text": "set k1 to 2",
        "expects": [{"doc": "budget", "path": ["k1"]}] * 32,
    },
    "numbers that jump": lambda at: {"text": "set k1 to 2", "n": at * 1_000_003},
}


def programs() -> Iterator[Program]:
    for name, make in DOINGS.items():
        yield Program(f"instructions: {name}", "instructions", "commenter", _saying(doing(make)))
    for name in ("many sentences", "one key over and over", "32 places"):
        yield Program(f"instructions of an editor: {name}", "instructions", "editor", _saying(doing(DOINGS[name])))
    yield Program("instructions over HTTP", "instructions", "commenter", _over_http)
    yield Program("instructions that are waited for", "instructions", "commenter", _waiting)


def _saying(make: Make) -> Callable[[Attack], Awaitable[None]]:
    async def run(attack: Attack) -> None:
        await attack.say(make(attack.chance), PLAIN)

    return run


async def _over_http(attack: Attack) -> None:
    await attack.ask_each(("POST", "WS/intents", {"json": {**sentences(at)}}) for at in itertools.count())


async def _waiting(attack: Attack) -> None:
    requests = (("POST", "WS/intents?wait=300", {"json": {**sentences(at)}}) for at in itertools.count())
    await attack.ask_each(requests, at_once=64)
