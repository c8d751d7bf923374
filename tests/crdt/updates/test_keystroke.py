"""The short way through a keystroke says exactly what the full pass says, and nothing where that one refuses."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Text

from crdt.errors import FrameTooLarge, MalformedFrame
from crdt.updates.keystroke import scan_keystroke
from crdt.updates.lib0 import UINT_MAX, Writer
from crdt.updates.scan import INTERNAL, LIMITS, Limits, scan_fully, scan_update
from crdt.updates.summary import UpdateSummary
from tests.crdt.histories import shared_history
from tests.crdt.updates.corpus import EDITS, TAKEN, mutated
from tests.crdt.updates.hostile_updates import HOSTILE
from tests.support.examples import examples

NUMBERS = st.sampled_from([0, 1, 5, 127, 128, 300, 16_383, 16_384, 2**21, 2**28, 2**32 - 1, 2**35, UINT_MAX])
IDS = st.none() | st.tuples(st.sampled_from([7, 128, 1_234_567_890, 2**40]), NUMBERS)


def said(update: bytes, limits: Limits = LIMITS) -> tuple[UpdateSummary | None, type[Exception] | None, str]:
    """Return what the full pass says: a scan, or its error and the words of it."""
    try:
        return scan_fully(update, limits), None, ""
    except (MalformedFrame, FrameTooLarge) as error:
        return None, type(error), str(error)


def agree(update: bytes) -> UpdateSummary | None:
    """Assert that the short way is silent or says what the full pass says; return what it says."""
    quick = scan_keystroke(update)
    slow, error, words = said(update)
    if quick is not None:
        assert quick == slow
        assert list(quick.needs) == list(slow.needs), "the order too"
        assert quick == scan_fully(update, INTERNAL)
    if slow is not None:
        assert scan_update(update) == slow
    else:
        assert error is not None
        with pytest.raises(error) as raised:
            scan_update(update)
        assert str(raised.value) == words
    return quick


@st.composite
def keystrokes(draw: st.DrawFn) -> bytes:
    """Draw an update of the shape a keystroke has, its parts right or just wrong."""
    client = draw(st.sampled_from([7, 127, 128, 1_234_567_890, 2**40]))
    out = Writer()
    if draw(st.booleans()):
        out.byte(1).byte(1).var_uint(client).var_uint(draw(NUMBERS))
        origin, right = draw(IDS), draw(IDS)
        info = draw(st.sampled_from([4, 4, 4, 4, 4, 0x24, 1, 6, 8]))
        out.byte(info | (0x80 if origin else 0) | (0x40 if right else 0))
        for neighbour in (origin, right):
            if neighbour is not None:
                out.var_uint(neighbour[0]).var_uint(neighbour[1])
        if origin is None and right is None:
            out.var_uint(draw(st.sampled_from([1, 1, 1, 0, 2])))
            out.var_bytes(draw(st.sampled_from([b"content", "é".encode(), b"", b"\xff", b"n" * 200])))
        text = draw(st.text(max_size=3) | st.sampled_from(["x" * 127, "x" * 128, "é" * 100, "😀" * 70, "\x00"]))
        out.var_string(text) if draw(st.integers(0, 9)) else out.var_bytes(draw(st.binary(max_size=4)))
    else:
        out.byte(0)
    ranges = draw(st.sampled_from([0, 0, 1, 1, 1, 2]))
    out.byte(1 if ranges else 0)
    if ranges:
        out.var_uint(draw(st.sampled_from([client, 9]))).byte(ranges)
        for _ in range(ranges):
            out.var_uint(draw(NUMBERS)).var_uint(draw(NUMBERS))
    return out.raw(draw(st.sampled_from([b"", b"", b"", b"", b"\x00"]))).getvalue()


@pytest.mark.long
@settings(max_examples=examples(1500), deadline=None)
@given(update=keystrokes())
@example(update=b"\x01\x01\x07\x05\x84\x07\x04\x01x\x00")
@example(update=b"\x01\x01\x07\x05\x84\x07\x05\x01x\x00")  # stands behind itself
@example(update=b"\x01\x01\x07\x05\x84\x07\x06\x01x\x00")  # stands behind what is not here
@example(update=b"\x01\x01\x87\x00\x05\x84\x07\x04\x01x\x00")  # one client, spelt in two ways
@example(update=b"\x01\x01\x07\x00\x04\x01\x07content\x00\x00")
@example(update=b"\x00\x01\x07\x01\x05\x00")
def test_anything_like_a_keystroke_is_scanned_as_the_full_pass_scans_it(update: bytes) -> None:
    agree(update)


@pytest.mark.long
@settings(max_examples=examples(600), deadline=None)
@given(update=keystrokes(), edits=EDITS)
def test_mutated_keystrokes_are_scanned_as_the_full_pass_scans_them(
    update: bytes, edits: list[tuple[str, int, int]]
) -> None:
    agree(mutated(update, edits))


@settings(max_examples=examples(400), deadline=None)
@given(case=st.sampled_from(TAKEN), pick=st.integers(0, 999), edits=st.just([]) | EDITS)
def test_updates_of_stock_yjs_are_scanned_as_the_full_pass_scans_them(
    case: dict[str, Any], pick: int, edits: list[tuple[str, int, int]]
) -> None:
    steps = [case["update"], *case.get("steps", [])]
    agree(mutated(base64.b64decode(steps[pick % len(steps)]), edits))


@settings(max_examples=examples(40), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_histories_are_scanned_as_the_full_pass_scans_them(seed: int) -> None:
    original, updates = shared_history(seed)
    quick = [agree(update) for update in updates]
    assert sum(scan is not None for scan in quick) >= len(quick) // 2, "most of writing goes the short way"
    agree(original.encode())


@pytest.mark.parametrize("name", list(HOSTILE))
def test_what_is_refused_has_no_short_way(name: str) -> None:
    assert scan_keystroke(HOSTILE[name]) is None


def test_typing_replacing_and_erasing_go_the_short_way() -> None:
    doc: Doc = Doc(client_id=3_456_789_012)
    text = doc.get("content", type=Text)
    made: list[bytes] = []
    watch = doc.observe(lambda event: made.append(event.update))
    for char in "hé😀 ":
        text += char
    text.insert(3, "x" * 300)
    del text[4:5]
    with doc.transaction():
        del text[20:25]
        text.insert(20, "y")
    assert watch is not None
    assert len(made) == 7
    assert all(scan_keystroke(update) == scan_fully(update) for update in made)
