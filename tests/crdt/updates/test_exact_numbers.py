"""A newcomer, who gets what pycrdt writes, holds the numbers that the readers of the edit hold: stock Yjs says so."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, merge_updates

from crdt.documents.document import Document
from crdt.documents.paths import set_path
from crdt.updates.exact_numbers import find_exact_values, restore_exact_values, restore_whole_numbers
from crdt.updates.scan import scan_update
from crdt.updates.summary import EXACT, Id
from tests.support.examples import examples
from tests.support.oracle import Oracle

DATA = "const doc = new Y.Doc(); doc.clientID = 1000; doc.on('update', send); const m = doc.getMap('data'); "
TEXT = "const doc = new Y.Doc(); doc.clientID = 1000; doc.on('update', send); const t = doc.getText('content'); "
WHOLE = st.integers(-(2**63), 2**63 - 1)
BEYOND = st.integers(2**53 + 1, 2**63 - 1).flatmap(lambda whole: st.sampled_from((whole, -whole)))
NUMBERS = st.one_of(
    WHOLE.map(lambda whole: f"BigInt('{whole}')"),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["-0", "0", "2**53", "-(2**53)", "BigInt(1)", "5e-324"]),
)


def rewritten(updates: list[bytes]) -> bytes:
    """Return what pycrdt writes after it has read these updates."""
    doc: Doc = Doc()
    for update in updates:
        doc.apply_update(update)
    return doc.get_update()


@pytest.mark.stock
@settings(max_examples=examples(60), deadline=None)
@given(numbers=st.lists(NUMBERS, min_size=1, max_size=5), plain=st.booleans())
def test_numbers_in_values_come_out_as_they_came_in(yjs: Oracle, numbers: list[str], plain: bool) -> None:
    values = ", ".join(
        f"{{deep: [1, {number}]}}" if at % 2 else f"{{n: {number}}}" for at, number in enumerate(numbers)
    )
    code = f"m.set('k', [{values}])" if plain else f"m.set('k', Y.Array.from([{values}]))"
    updates = yjs.make(DATA + code)
    exact = {id: value for update in updates for id, value in find_exact_values(update).items()}
    restored = restore_exact_values(rewritten(updates), exact)
    assert yjs.look("data", [restored])["value"] == yjs.look("data", updates)["value"]
    document = Document("data", client=5, updates=updates)
    assert yjs.look("data", [document.encode()])["value"] == yjs.look("data", updates)["value"]


@pytest.mark.stock
@settings(max_examples=examples(60), deadline=None)
@given(number=st.floats(allow_nan=False, allow_infinity=False), size=st.integers(1, 3))
def test_fractions_in_embeds_and_marks_keep_their_last_digit(yjs: Oracle, number: float, size: int) -> None:
    said = json.dumps(number)
    code = f"t.insert(0, 'abcd'); t.insertEmbed(1, {{n: [{said}]}}); t.format(2, {size}, {{w: {{n: {said}}}}})"
    updates = yjs.make(TEXT + code)
    document = Document("text", client=5, updates=updates)
    assert yjs.look("text", [document.encode()])["value"] == yjs.look("text", updates)["value"]


@pytest.mark.stock
def test_only_what_pycrdt_writes_otherwise_is_kept(yjs: Oracle) -> None:
    (update,) = yjs.make(DATA + "m.set('k', Y.Array.from([1, {n: BigInt(7)}, 'x', -0, 2.5]))")[-1:]
    exact = find_exact_values(update)
    seven = b"\x76\x01\x01n\x7a" + (7).to_bytes(8, "big")
    assert exact == {Id(1000, 2): seven, Id(1000, 4): b"\x7d\x40"}
    assert scan_update(update).kinds >> EXACT & 1
    assert restore_exact_values(update, {}) is update


@given(whole=BEYOND)
def test_a_whole_number_that_an_operation_writes_is_a_bigint(whole: int) -> None:
    document = Document("data", client=5)
    with document.transaction() as done:
        set_path(document, ("n",), whole)
    (applied,) = done
    assert b"\x7a" + whole.to_bytes(8, "big", signed=True) in applied.update
    assert document.value() == {"n": whole}


def test_floats_that_no_operation_meant_stay_floats() -> None:
    document = Document("data", client=5)
    with document.transaction() as done:
        set_path(document, ("n",), [0.5, 1e300])
    update = done[0].update
    assert restore_whole_numbers(update, {2.0**60: 2**60}) == update
    assert restore_whole_numbers(update, {math.nan: 1}) == update, "NaN is no number"


@pytest.mark.stock
def test_values_are_found_again_after_structs_were_merged(yjs: Oracle) -> None:
    code = "const a = new Y.Array(); m.set('k', a); a.push([{n: BigInt(1)}]); a.push([2]); a.push([-0])"
    updates = yjs.make(DATA + code)
    merged = merge_updates(*updates)
    exact = {id: value for update in updates for id, value in find_exact_values(update).items()}
    assert len(exact) == 2
    assert find_exact_values(restore_exact_values(merged, exact)) == exact
