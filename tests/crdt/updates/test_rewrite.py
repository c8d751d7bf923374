"""A struct that is written from a clock on, deleted or collected is to stock Yjs what the whole one left of it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.errors import MalformedFrame
from crdt.text import utf16_length
from crdt.updates.json_text import is_read
from crdt.updates.lib0 import Reader, Writer
from crdt.updates.rewrite import encode_delete_set, mend_halves_in_json, write_collected, write_deleted, write_rest
from crdt.updates.scan import normalise_ranges, scan_delete_set, scan_update
from crdt.updates.structs import Struct, read_sections
from crdt.updates.summary import DELETED, EMBED, FORMAT
from tests.crdt.updates.hostile_updates import embedded
from tests.support.examples import examples
from tests.support.oracle import Oracle

DOC = "const doc = new Y.Doc(); doc.clientID = 1000; doc.on('update', send); "
TEXT = DOC + "const t = doc.getText('content'); "
WORDS = st.lists(st.sampled_from(["a", "é", "漢", "b ", "\n"]), min_size=2, max_size=8).map("".join)
SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)).map(lambda p: (p[0], p[0] + p[1])), min_size=1)


def update_of(struct: Struct, begin: int, written: bytes) -> bytes:
    """Return an update of one struct that begins at a clock."""
    return Writer().var_uint(1).var_uint(1).var_uint(struct.client).var_uint(begin).raw(written).byte(0).getvalue()


def only(update: bytes) -> Struct:
    ((struct,),) = read_sections(update).values()
    return struct


@pytest.mark.long
@pytest.mark.stock
@settings(max_examples=examples(80), deadline=None)
@given(words=WORDS, cut=st.integers(1, 99))
def test_a_string_and_its_rest_are_the_whole(yjs: Oracle, words: str, cut: int) -> None:
    """Somebody who has the first part of it already is sent what is behind."""
    cut = 1 + cut % (utf16_length(words) - 1) if utf16_length(words) > 1 else 1
    known, (whole,) = (
        yjs.make(TEXT + f"t.insert(0, {json.dumps(words[:cut])})"),
        yjs.make(TEXT + f"t.insert(0, {json.dumps(words)})"),
    )
    struct = only(whole)
    if cut >= struct.length:
        return
    rest = update_of(struct, cut, write_rest(whole, struct, cut))
    assert scan_update(rest).inserted == {1000: (cut, struct.length)}
    said = yjs.look("text", [*known, rest])
    assert said["value"] == yjs.look("text", [whole])["value"]
    assert not said["pending"]
    assert write_rest(whole, struct, 0) == whole[struct.at : struct.end], "from its start it is as it came"


@pytest.mark.stock
@settings(max_examples=examples(60), deadline=None)
@given(count=st.integers(2, 6), cut=st.integers(1, 5))
def test_values_and_their_rest_are_the_whole(yjs: Oracle, count: int, cut: int) -> None:
    cut = min(cut, count - 1)
    head = DOC + "const m = doc.getArray('list'); "
    values = [f"{{deep: [{at}, 'é']}}" if at % 2 else f"'{at}'" for at in range(count)]
    (whole,) = yjs.make(head + f"m.insert(0, [{', '.join(values)}])")
    (known,) = yjs.make(head + f"m.insert(0, [{', '.join(values[:cut])}])")
    struct = only(whole)
    rest = update_of(struct, cut, write_rest(whole, struct, cut))
    one, two = yjs.look("data", [known, rest]), yjs.look("data", [whole])
    assert (one["vector"], one["seen"], one["pending"]) == (two["vector"], two["seen"], False)
    assert scan_update(rest).inserted == {1000: (cut, count)}


@pytest.mark.stock
@settings(max_examples=examples(60), deadline=None)
@given(words=WORDS, begin=st.integers(0, 7), behind=st.booleans())
def test_deleted_it_takes_its_clocks_and_shows_nothing(yjs: Oracle, words: str, begin: int, behind: bool) -> None:
    first, whole = yjs.make(TEXT + f"t.insert(0, 'start'); t.insert({5 if behind else 0}, {json.dumps(words)})")
    struct = only(whole)
    begin = struct.clock + begin % struct.length
    known = [] if begin == struct.clock else [update_of(struct, 5, _cut(whole, struct, begin))]
    deleted = update_of(struct, begin, write_deleted(whole, struct, begin))
    said = yjs.look("text", [first, *known, deleted])
    seen = "".join(part for part, _ in said["value"])
    assert not said["pending"]
    assert len(seen) == 5 + begin - struct.clock
    assert said["vector"] == yjs.look("text", [first, whole])["vector"]
    assert only(deleted).kind == DELETED


def _cut(whole: bytes, struct: Struct, end: int) -> bytes:
    """Return a string up to a clock."""
    text = Reader(whole, struct.body).var_string()
    return whole[struct.at : struct.body] + Writer().var_string(text[: end - struct.clock]).getvalue()


@pytest.mark.stock
def test_collected_it_takes_its_clocks_and_hangs_from_nothing(yjs: Oracle) -> None:
    first, second = yjs.make(TEXT + "t.insert(0, 'start'); t.insert(5, 'abc')")
    struct = only(second)
    gone = update_of(struct, 5, write_collected(struct, 5))
    assert scan_update(gone).gc_clients == {1000}
    assert yjs.look("text", [first, gone])["vector"] == yjs.look("text", [first, second])["vector"]


def test_an_embed_is_known_as_a_whole_or_not_at_all() -> None:
    update = embedded('{"a": 1}')
    with pytest.raises(MalformedFrame, match="kind 5"):
        write_rest(update, only(update), 0)


@given(deleted=st.dictionaries(st.integers(0, 2**53 - 1), SPANS, max_size=4))
def test_a_delete_set_is_read_as_it_was_written(deleted: dict[int, list[tuple[int, int]]]) -> None:
    ranges = {client: normalise_ranges(spans) for client, spans in deleted.items()}
    assert scan_delete_set(encode_delete_set(ranges)) == ranges
    assert encode_delete_set(ranges) == encode_delete_set(dict(reversed(ranges.items()))), "equal sets, equal bytes"


HALVES = st.lists(st.sampled_from(["\\ud83d", "\\ude00", "a", "😀", "\\\\", " "]), min_size=1, max_size=5).map("".join)


@given(text=HALVES)
def test_halves_in_json_become_what_pycrdt_reads(text: str) -> None:
    update = embedded(f'{{"k": ["{text}"], "n": 1.5}}')
    struct = only(update)
    written = mend_halves_in_json(update, struct, 0)
    assert written is not None
    again = update_of(struct, 0, written)
    said = Reader(again, only(again).body).var_string()
    assert is_read(said)
    expected = json.dumps(json.loads(f'"{text}"'), ensure_ascii=False).encode("utf-16-le", "surrogatepass")
    assert json.loads(said) == {"k": [json.loads(expected.decode("utf-16-le", "replace"))], "n": 1.5}


@pytest.mark.parametrize("text", ["1e400", "NaN", "[18446744073709551615]x", "{"])
def test_json_that_is_none_is_not_mended(text: str) -> None:
    update = embedded(text)
    assert mend_halves_in_json(update, only(update), 0) is None


def test_a_mark_keeps_its_name_and_words_are_no_json() -> None:
    writer = Writer().var_uint(1).var_uint(1).var_uint(9).var_uint(0).byte(FORMAT).var_uint(1).var_string("content")
    update = writer.var_string("link").var_string('{"t": "\\ud83d"}').byte(0).getvalue()
    struct = only(update)
    written = mend_halves_in_json(update, struct, 0)
    assert written is not None
    reader = Reader(update_of(struct, 0, written), only(update_of(struct, 0, written)).body)
    assert (reader.var_string(), json.loads(reader.var_string())) == ("link", {"t": "\ufffd"})
    assert struct.kind != EMBED
    words = bytes.fromhex("0101090004") + b"\x01\x07content\x01a\x00"
    assert mend_halves_in_json(words, only(words), 0) is None
