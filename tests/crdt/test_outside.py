"""Whatever comes in can be read, planned on, undone, served and opened again, and is to stock Yjs what it is here."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crdt.documents.pycrdt_document import DocumentKind
from tests.crdt.outside import Server, check_everything, check_stock
from tests.crdt.raw import hostile
from tests.support.examples import examples
from tests.support.oracle import Oracle

pytestmark = pytest.mark.stock

KINDS = st.sampled_from(("text", "data", "rich"))
SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=examples(150), deadline=None)
@given(kind=KINDS, seed=SEEDS, steps=st.integers(1, 30))
@example(kind="text", seed=16, steps=30)  # a U+FFFC that a person typed, deleted by the agent, undone
@example(kind="text", seed=27, steps=30)  # an anchor beside an embedded text
@example(kind="text", seed=37, steps=30)  # marks that Yjs takes out as it reads
@example(kind="text", seed=112, steps=30)  # a repetition with a mark that is an object
@example(kind="data", seed=10, steps=30)  # bytes inside a plain object under a tag-like key
@example(kind="data", seed=14, steps=30)  # a sum at the edge of 64 bits
@example(kind="data", seed=25, steps=30)  # marks of an XmlText under a key
@example(kind="data", seed=28, steps=30)  # a bigint that a float holds
@example(kind="data", seed=41, steps=30)  # an item added to a plain list, undone
@example(kind="data", seed=153, steps=30)  # 2**63 - 1 put back
@example(kind="data", seed=178, steps=30)  # an item deleted by its number, undone
@example(kind="rich", seed=205, steps=30)  # a character cut by an edit that changes nothing
def test_whatever_stock_clients_do(yjs: Oracle, kind: DocumentKind, seed: int, steps: int) -> None:
    sent = [update for _, update, _ in yjs.program(seed=seed, kind=kind, people=3, steps=steps)]
    server = Server(kind)
    for update in sent:
        server.send(update)
    assert not server.errors, "an honest client is never closed"
    check_stock(yjs, server, sent, random.Random(seed))
    check_everything(server, random.Random(seed))
    check_stock(yjs, server, None, random.Random(seed))


@settings(max_examples=examples(150), deadline=None)
@given(kind=KINDS, seed=SEEDS, count=st.integers(1, 20))
@example(kind="text", seed=3177551, count=17)  # a mark whose name is a tag in a value, put back
def test_whatever_bytes_come(yjs: Oracle, kind: DocumentKind, seed: int, count: int) -> None:
    honest = [update for _, update, _ in yjs.program(seed=seed % 50, kind=kind, people=2, steps=12)]
    server = Server(kind)
    for at in range(count):
        server.send(hostile(random.Random(f"{seed} {at}"), kind, server.document.state_vector(), honest))
    check_stock(yjs, server, None, random.Random(seed))
    check_everything(server, random.Random(seed))
    check_stock(yjs, server, None, random.Random(seed))


KEPT: dict[str, tuple[DocumentKind, tuple[str, ...]]] = {
    "a value in a text whose flag says that it has a key": (
        "text",
        (
            "0101878080800800040107636f6e74656e7403efbfbd00",
            "0101c0843d006387808080080000028780808008010104c0843d0201010104",
        ),
    ),
    "a value between something collected and something that stands": (
        "text",
        (
            "0101878080800a00070107636f6e74656e7403017000",
            "01020100e7878080800a00878080800a0006040107636f6e74656e7404f09f98800101010001",
            "0102ffffffffffffff0f000001c3ffffffffffffff0f000100010002878080800a010104ffffffffffffff0f0202020202",
        ),
    ),
    "two units under one key": (
        "data",
        (
            "0101f0a20400270104646174610b636f6e7374727563746f720100",
            "0101010084f0a2040004f09f9880028780808008011f04f0a204010104",
            "0101ffffffff0f00838080808010010002878080800801240101010101",
        ),
    ),
    "a neighbour on both sides": (
        "text",
        ("0101c0843d00040107636f6e74656e74046162636400", "0101c0843d04c4c0843d02c0843d0202585900"),
    ),
    "neighbours the wrong way round": (
        "text",
        ("0101c0843d00040107636f6e74656e74046162636400", "0101c0843d04c4c0843d03c0843d0102585900"),
    ),
    "a mark under a key": ("data", ("0101f0a204002601046461746101610162013100",)),
}


@pytest.mark.parametrize("name", list(KEPT))
def test_bytes_that_broke_it_once(yjs: Oracle, name: str) -> None:
    kind, updates = KEPT[name]
    server = Server(kind)
    for update in updates:
        server.send(bytes.fromhex(update))
    check_stock(yjs, server, None, random.Random(1))
    check_everything(server, random.Random(1))
    check_stock(yjs, server, None, random.Random(1))
