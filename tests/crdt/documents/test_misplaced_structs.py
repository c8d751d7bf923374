"""Structs that no client makes, hung where nothing of their kind hangs: taken out, and everything beside them stays."""

from __future__ import annotations

import pytest

from crdt.documents.document import Document
from crdt.updates.lib0 import Writer
from tests.crdt.documents.test_intake import Server
from tests.support.oracle import Oracle

pytestmark = pytest.mark.stock
C = 10**6
ORIGIN, RIGHT, KEY = 0x80, 0x40, 0x20
DELETED, BINARY, STRING, FORMAT, TYPE, ANY = 1, 3, 4, 6, 7, 8
LIST, MAP = 0, 1


def at(client: int, clock: int) -> Writer:
    return Writer().var_uint(client).var_uint(clock)


def root(name: str, key: str | None = None) -> Writer:
    writer = Writer().var_uint(1).var_string(name)
    return writer if key is None else writer.var_string(key)


def inside(client: int, clock: int) -> Writer:
    return Writer().var_uint(0).var_uint(client).var_uint(clock)


def text(words: str) -> Writer:
    return Writer().var_string(words)


def values(*said: int) -> Writer:
    writer = Writer().var_uint(len(said))
    for one in said:
        writer.byte(125).byte(one)
    return writer


def struct(info: int, *parts: Writer) -> bytes:
    return Writer().byte(info).raw(b"".join(part.getvalue() for part in parts)).getvalue()


def update(client: int, clock: int, *structs: bytes) -> bytes:
    writer = Writer().var_uint(1).var_uint(len(structs)).var_uint(client).var_uint(clock)
    return writer.raw(b"".join(structs)).byte(0).getvalue()


def served(*sent: bytes, kind: str = "data") -> Server:
    server = Server(kind)  # type: ignore[arg-type]
    for one in sent:
        server.send(one)
    return server


A_LIST = update(C, 0, struct(TYPE | KEY, root("data", "b"), Writer().var_uint(LIST)))


def test_words_in_a_list_of_which_pycrdt_never_finds_the_end(yjs: Oracle) -> None:
    sent = [
        A_LIST,
        update(C, 1, struct(STRING, inside(C, 0), text("\ufffc")), struct(ANY | ORIGIN, at(C, 1), values(7))),
    ]
    server = served(*sent)
    assert server.reasons == ["no_place"]
    assert server.document.value() == {"b": [7]}
    server.check(yjs, sent)


def test_a_mark_in_a_list(yjs: Oracle) -> None:
    sent = [A_LIST, update(C, 1, struct(FORMAT, inside(C, 0), text("bold"), text("true")))]
    server = served(*sent)
    assert server.reasons == ["no_place"]
    server.check(yjs, sent)


@pytest.mark.parametrize("content", [struct(ANY, root("data"), values(1)), struct(BINARY, root("data"), text("x"))])
def test_a_value_under_no_key_of_a_map(yjs: Oracle, content: bytes) -> None:
    sent = [update(C, 0, content), update(C, 1, struct(ANY | KEY, root("data", "k"), values(5)))]
    server = served(*sent)
    assert server.reasons == ["no_place"]
    assert server.document.value() == {"k": 5}
    server.check(yjs, sent)


def test_what_stands_beside_a_deleted_item_between_two_roots(yjs: Oracle) -> None:
    sent = [
        update(C, 0, struct(STRING, root("content"), text("ab")), struct(ANY | KEY, root("other", "k"), values(1))),
        update(C, 3, struct(DELETED | ORIGIN | RIGHT, at(C, 1), at(C, 2), Writer().var_uint(1))),
        update(C + 1, 0, struct(STRING | ORIGIN, at(C, 3), text("later"))),
        update(C + 2, 0, struct(STRING | ORIGIN, at(C, 1), text("!"))),
    ]
    server = served(*sent, kind="text")
    assert server.reasons == ["no_place"]
    assert server.document.text() == "ab!"
    server.check(yjs, [])


def test_the_rest_of_a_struct_hangs_where_its_known_part_hangs(yjs: Oracle) -> None:
    """What is new of it is judged, and not the place that the whole of it claims."""
    elsewhere = struct(TYPE | KEY, root("other", "k"), Writer().var_uint(LIST)), struct(ANY, inside(C, 0), values(1))
    sent = [
        update(C, 0, *elsewhere),
        update(C + 1, 0, struct(DELETED, root("content"), Writer().var_uint(1))),
        update(C + 1, 0, struct(ANY | RIGHT, at(C, 1), values(1, 2))),
        update(C + 2, 0, struct(STRING, root("content"), text("words"))),
    ]
    server = served(*sent, kind="text")
    assert server.reasons == ["no_place"]
    assert server.document.text() == "words"
    server.check(yjs, [])


def test_a_mark_that_was_mended_beside_what_was_collected(yjs: Oracle) -> None:
    sent = [
        update(C, 0, struct(ANY | KEY, root("data", "b"), values(1))),
        update(C + 1, 0, Writer().byte(0).var_uint(1).getvalue()),
        update(C + 2, 0, struct(FORMAT | ORIGIN | RIGHT, at(C, 0), at(C + 1, 0), text("b"), text('"\\ud83d"'))),
    ]
    server = served(*sent)
    assert server.document.value() == {"b": 1}
    server.check(yjs, sent)


def test_a_mark_under_a_key_which_only_old_logs_hold_is_passed_over() -> None:
    document = Document("data", client=5)
    document.apply(update(C, 0, struct(FORMAT | KEY, root("data", "b"), text("b"), text("1"))))
    document.apply(update(C, 1, struct(ANY | KEY, root("data", "k"), values(5))))
    assert document.value() == {"k": 5}
    assert document.digest()
