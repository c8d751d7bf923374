"""A character that an edit cuts in two is cut as stock Yjs cuts it, and every clock stays where it was."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.documents.document import Document
from crdt.text import utf16_length
from crdt.updates.scan import encode_state_vector, scan_state_vector, scan_update
from crdt.updates.structs import read_sections
from crdt.updates.summary import STRING, Id
from crdt.updates.surrogates import (
    cut_strings,
    find_all_middles,
    find_cuts,
    find_edges,
    find_middles,
    move_before_pairs,
    read_string,
    take_units,
)
from tests.crdt.histories import shared_history
from tests.support.examples import examples
from tests.support.oracle import Oracle

WORDS = st.lists(st.sampled_from(["a", "é", "漢", "😀", "𝔸", "\n"]), min_size=1, max_size=8).map("".join)
DOC = "const doc = new Y.Doc(); doc.clientID = 1000; doc.on('update', send); const t = doc.getText('content'); "


def strings(state: bytes) -> str:
    """Return all strings of a state, client by client."""
    found = (struct for own in read_sections(state).values() for struct in own if struct.kind == STRING)
    return "".join(read_string(state, struct) for struct in found)


@pytest.mark.stock
@settings(max_examples=examples(120), deadline=None)
@given(words=WORDS, edits=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 3)), min_size=1, max_size=4))
def test_wherever_an_edit_cuts_yjs_cuts_too(yjs: Oracle, words: str, edits: list[tuple[int, int]]) -> None:
    code = DOC + f"t.insert(0, {json.dumps(words)}); "
    for at, size in edits:
        place = f"{at} % (t.length + 1)"
        code += f"t.delete({place}, Math.min({size}, t.length - {place})); " if size else f"t.insert({place}, 'M'); "
    updates = yjs.make(code)
    document = Document("text", client=5, updates=updates)
    said = yjs.look("text", updates)["value"]
    assert document.text() == "".join(part for part, _ in said)
    assert document.encode_state_vector() == yjs.look("text", updates)["vector"]


@settings(max_examples=examples(80), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_middles_lie_behind_the_first_half_of_each_pair(seed: int) -> None:
    original, updates = shared_history(seed)
    state = original.encode()
    middles = find_all_middles(state)
    astral = sum(char > "\uffff" for char in strings(state))
    assert sum(map(len, middles.values())) == astral
    noted: dict[int, set[int]] = {}
    for update in updates:
        for client, clocks in find_middles(scan_update(update).pairs).items():
            noted.setdefault(client, set()).update(clocks)
    assert all(clocks <= noted[client] for client, clocks in middles.items()), "what is deleted has no string any more"


@settings(max_examples=examples(80), deadline=None)
@given(seed=st.integers(0, 10**6), data=st.data())
def test_a_cut_replaces_both_halves_and_moves_nothing(seed: int, data: st.DataObject) -> None:
    state = shared_history(seed)[0].encode()
    middles = find_all_middles(state)
    cut = {
        client: frozenset(data.draw(st.sets(st.sampled_from(sorted(clocks))), label=f"cut of {client}"))
        for client, clocks in middles.items()
    }
    written = cut_strings(state, cut)
    assert scan_update(written).inserted == scan_update(state).inserted
    assert scan_update(written).deleted == scan_update(state).deleted
    left = find_all_middles(written)
    assert left == {client: rest for client, clocks in middles.items() if (rest := clocks - cut[client])}
    count = sum(map(len, cut.values()))
    assert strings(written).count("\ufffd") == strings(state).count("\ufffd") + 2 * count
    assert cut_strings(written, cut) == written, "what is cut is cut once"
    assert cut_strings(state, {}) == state


@given(words=WORDS, unit=st.integers(0, 99))
def test_a_text_is_taken_from_a_unit_on(words: str, unit: int) -> None:
    unit %= utf16_length(words) + 1
    rest = take_units(words, unit)
    assert utf16_length(rest) == utf16_length(words) - unit
    assert words.endswith(rest.removeprefix("\ufffd"))
    halves = words.encode("utf-16-le")[2 * unit - 2 : 2 * unit + 2].decode("utf-16-le", "replace")
    assert rest.startswith("\ufffd") == (unit > 0 and len(halves) == 1 and halves > "\uffff")


def test_an_item_cuts_before_itself_and_a_deletion_at_both_ends() -> None:
    typed = bytes.fromhex("01010700c40802080301 78 00".replace(" ", ""))
    assert list(find_edges(typed, scan_update(typed))) == [Id(8, 3), Id(8, 3)]
    deletion = bytes.fromhex("00 01 08 01 02 05".replace(" ", ""))
    assert list(find_edges(deletion, scan_update(deletion))) == [Id(8, 2), Id(8, 7)]
    assert find_cuts({8: {3, 7}}, [Id(8, 3), Id(8, 4), Id(9, 7)]) == {8: frozenset({3})}


@given(
    state=st.dictionaries(st.integers(1, 9), st.integers(1, 9)),
    middles=st.dictionaries(st.integers(1, 9), st.sets(st.integers(1, 9))),
)
def test_a_vector_ends_before_a_pair_and_not_within(state: dict[int, int], middles: dict[int, set[int]]) -> None:
    moved = scan_state_vector(move_before_pairs(encode_state_vector(state), middles))
    for client, clock in state.items():
        inside = clock in middles.get(client, ())
        assert moved.get(client, 0) == clock - inside
