"""Updates made beforehand, so that the generator is not the bottleneck: valid Yjs v1, kept in the peers' folder.

A client appends 12-byte tokens `<opAB0000123` on its own chain, so its updates depend on nobody else's and can be sent
to any room. The long history is a published editing trace where one is beside the project, else one of equal size.
"""

from __future__ import annotations

import gzip
import json
import os
import pickle
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from pycrdt import Doc, Text

from tests.bench.peers.wire import mark_of

T = TypeVar("T")
CACHE = Path(__file__).parent / ".peers" / "histories"
TRACE = Path(__file__).parents[4] / "shared" / "data" / "traces" / "automerge-paper.json.gz"
ROOT = "content"
TRACE_EDITS = 260_000
# One transaction holds so many edits: 260,000 frames would measure the generator's patience.
EDITS_PER_UPDATE = 100
CLIENT_BASE = 1_000_000
# Ids below 65,536 are the server's: what comes under them is not taken.
LONG_AUTHOR = CLIENT_BASE + 4_242


def appended(client: int, count: int) -> list[bytes]:
    """Return `count` successive updates of one client."""

    def make() -> list[bytes]:
        _doc, text, out = _document(CLIENT_BASE + client)
        mark = mark_of(client).decode()
        for at in range(count):
            text += f"{mark}{at:07d}"
        return out

    return _kept(f"appended-{client}-{count}", make)


def long_history(edits: int = TRACE_EDITS) -> list[bytes]:
    """Return the updates of one author's long session, `EDITS_PER_UPDATE` edits each."""
    trace = trace_file()
    name = f"{'trace' if trace else 'made'}-{edits}-{LONG_AUTHOR}"

    def make() -> list[bytes]:
        doc, text, out = _document(LONG_AUTHOR)
        patches = iter(_patches(trace) if trace else _made_patches())
        for start in range(0, edits, EDITS_PER_UPDATE):
            with doc.transaction():
                for _ in range(min(EDITS_PER_UPDATE, edits - start)):
                    patch = next(patches, None)
                    if patch is not None:
                        _type(text, *patch)
        return out

    return _kept(name, make)


def trace_file() -> Path | None:
    """Return the published trace, where it is: in `FOLKMOOT_TRACES` or beside the project."""
    named = os.environ.get("FOLKMOOT_TRACES")
    for file in ((Path(named) / TRACE.name,) if named else ()) + (TRACE,):
        if file.is_file():
            return file
    return None


def text_of(*updates: bytes) -> str:
    """Return the text that updates lead to."""
    doc: Doc[Text] = Doc()
    text = doc.get(ROOT, type=Text)
    with doc.transaction():
        for update in updates:
            doc.apply_update(update)
    return str(text)


def _document(client: int) -> tuple[Doc[Text], Text, list[bytes]]:
    doc: Doc[Text] = Doc(client_id=client)
    text = doc.get(ROOT, type=Text)
    out: list[bytes] = []
    doc.observe(lambda event: out.append(event.update))
    return doc, text, out


def _type(text: Text, position: int, deleted: int, inserted: str) -> None:
    if deleted:
        del text[position : position + deleted]
    if inserted:
        text.insert(position, inserted)


def _patches(file: Path) -> Iterator[tuple[int, int, str]]:
    """Yield a trace's patches; it holds plain ASCII, where characters are bytes, which pycrdt counts."""
    with gzip.open(file, "rt", encoding="utf-8") as opened:
        trace = json.load(opened)
    for transaction in trace["txns"]:
        yield from transaction["patches"]


def _made_patches() -> Iterator[tuple[int, int, str]]:
    """Yield runs of typing, jumps of the cursor, about a third deletions, for ever."""
    chance = random.Random(7)
    length = cursor = left = 0
    erases = False
    while True:
        if left == 0:
            left = max(1, int(chance.expovariate(1 / 12)))
            erases = chance.random() < 0.3
            if chance.random() < 0.35 and length:
                cursor = max(0, min(length, cursor + int(chance.gauss(0, 400))))
        left -= 1
        if erases and cursor > 0:
            cursor, length = cursor - 1, length - 1
            yield cursor, 1, ""
        else:
            yield cursor, 0, chr(97 + chance.randrange(26))
            cursor, length = cursor + 1, length + 1


def _kept(name: str, make: Callable[[], T]) -> T:
    file = CACHE / f"{name}.pickle"
    if file.is_file():
        with file.open("rb") as opened:
            kept: T = pickle.load(opened)
        return kept
    value = make()
    CACHE.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(f".{os.getpid()}")
    part.write_bytes(pickle.dumps(value, 5))
    part.replace(file)
    return value
