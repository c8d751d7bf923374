"""What an editor makes: documents with odd names and large content, many of them, pages that are read as a whole."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

from crdt.sync.y_sync import encode_step1, encode_update
from tests.hostile.attack import Attack, Frame, Program
from tests.hostile.families.structs import words

Request = tuple[str, str, dict[str, Any]]
NAMES = (
    "a" * 200,
    "a" * 2_000,
    "%F0%9F%98%80",
    "%2e%2e",
    "a%00b",
    "con",
    "__proto__",
    "%E2%80%AEgnp",
    "x%2Fy%2Fz",
    "%20",
    "e%CC%81",
    "%C3%A9",
)


def puts(names: Iterable[str], content: object, kind: str = "text") -> Iterator[Request]:
    for name in names:
        yield "PUT", f"WS/documents/{name}", {"json": {"kind": kind, "content": content}}


def nested(depth: int) -> object:
    value: object = 1
    for _ in range(depth):
        value = {"k": value}
    return value


FILES: dict[str, Callable[[], Iterator[Request]]] = {
    "odd names": lambda: puts(itertools.cycle(NAMES), "x"),
    "a new document each time": lambda: puts((f"d{at}" for at in itertools.count()), "x"),
    "900 KB each time": lambda: puts((f"d{at}" for at in itertools.count()), "word " * 180_000),
    "one name over and over": lambda: puts(itertools.repeat("same"), "x"),
    "20,000 keys": lambda: puts((f"k{at}" for at in itertools.count()), {f"k{at}": at for at in range(20_000)}, "data"),
    "nested 30 deep": lambda: puts((f"n{at}" for at in itertools.count()), nested(30), "data"),
    "nested 900 deep": lambda: puts((f"n{at}" for at in itertools.count()), nested(900), "data"),
    "half characters": lambda: puts(
        (f"h{at}" for at in itertools.count()),
        "\ud83d".encode("utf-16", "surrogatepass").decode("utf-16", "replace") * 1_000,
    ),
    "line ends": lambda: puts((f"l{at}" for at in itertools.count()), "\r\n" * 100_000),
    "content of another kind": lambda: puts((f"o{at}" for at in itertools.count()), [1, 2, 3]),
}


def programs() -> Iterator[Program]:
    for name, make in FILES.items():
        yield Program(f"files: {name}", "files", "editor", _making(make))
        yield Program(f"files of a viewer: {name}", "files", "viewer", _making(make))
    yield Program("files: sockets at documents that are not", "files", "viewer", _nowhere)
    yield Program("files: into all documents at once", "files", "editor", _everywhere)


def _making(make: Callable[[], Iterator[Request]]) -> Callable[[Attack], Awaitable[None]]:
    async def run(attack: Attack) -> None:
        await attack.ask_each(make(), at_once=4)

    return run


async def _nowhere(attack: Attack) -> None:
    for at in itertools.count():
        if attack.is_over:
            return
        await attack.flood([encode_step1(b"\x00")], f"nowhere{at}", settle=0.0)


async def _everywhere(attack: Attack) -> None:
    frames: Iterator[Frame] = (encode_update(words(10**6 + at, 1)) for at in itertools.count())
    for doc in itertools.cycle(("plan", "budget", "page", "notes", "old")):
        if attack.is_over:
            return
        await attack.flood(itertools.islice(frames, 200), doc, settle=0.0)
