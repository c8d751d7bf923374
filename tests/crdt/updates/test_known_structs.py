"""A repetition is known as such however it is cut, and other content under the same ids is not taken for one."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Text

from crdt.updates.known_structs import are_same, may_be_same, note_units
from crdt.updates.lib0 import Writer
from crdt.updates.structs import Struct, read_sections
from tests.crdt.histories import ALPHABET, scribble_values, shared_history
from tests.support.examples import examples
from tests.support.oracle import Oracle

WORDS = st.lists(st.sampled_from(ALPHABET), min_size=1, max_size=8).map("".join)
HALF = "\ufffd".encode("utf-16-le")


def list_units(update: bytes, structs: list[Struct], start: int, end: int) -> list[object]:
    """Return what stands at each clock; None where nobody can say."""
    found = note_units(update, structs, start, end)
    assert all(start <= clock < end for clock in found)
    return [found.get(clock) for clock in range(start, end)]


def units(update: bytes, client: int) -> list[object]:
    structs = read_sections(update)[client]
    return list_units(update, structs, structs[0].clock, structs[-1].stop)


def typed(*texts: str, client: int = 7) -> list[bytes]:
    """Return the updates of a person who types at the end."""
    doc: Doc = Doc(client_id=client)
    words, made = doc.get("content", type=Text), list[bytes]()
    watch = doc.observe(lambda event: made.append(event.update))
    for text in texts:
        words += text
    doc.unobserve(watch)
    return made


@settings(max_examples=examples(80), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_a_state_repeats_the_edits_it_is_made_of(seed: int) -> None:
    original, updates = shared_history(seed)
    whole = original.encode()
    sections = read_sections(whole)
    for update in updates:
        for client, structs in read_sections(update).items():
            start, end = structs[0].clock, structs[-1].stop
            theirs = list_units(update, structs, start, end)
            mine = list_units(whole, sections[client], start, end)
            assert all(map(may_be_same, mine, theirs)), "what was deleted since may be anything"


@settings(max_examples=examples(60), deadline=None)
@given(seed=st.integers(0, 10**6))
def test_values_and_markup_repeat_themselves(seed: int) -> None:
    chance, doc = random.Random(seed), Doc(client_id=7)
    updates = list[bytes]()
    watch = doc.observe(lambda event: updates.append(event.update))
    for _ in range(12):
        scribble_values(doc, chance)
    doc.unobserve(watch)
    whole = doc.get_update()
    for update in updates:
        for client, structs in read_sections(update).items():
            start, end = structs[0].clock, structs[-1].stop
            mine = list_units(whole, read_sections(whole)[client], start, end)
            assert all(map(may_be_same, mine, list_units(update, structs, start, end)))


@settings(max_examples=examples(80), deadline=None)
@given(words=WORDS, cut=st.integers(0, 99), other=st.sampled_from("abZé漢"))
def test_one_character_more_or_less_is_told(words: str, cut: int, other: str) -> None:
    at = cut % len(words)
    changed = words[:at] + other + words[at + 1 :]
    (one,), (two,) = typed(words), typed(changed)
    mine, theirs = units(one, 7), units(two, 7)
    same = len(mine) == len(theirs) and all(map(may_be_same, mine, theirs))
    assert same == (words == changed)


@given(words=WORDS)
def test_pieces_are_what_the_whole_is(words: str) -> None:
    pieces = typed(*words)
    found = [unit for piece in pieces for unit in units(piece, 7)]
    assert found == units(typed(words)[0], 7)


def test_what_spans_many_clocks_takes_no_room() -> None:
    collected = Writer().var_uint(1).var_uint(1).var_uint(7).var_uint(0).byte(0).var_uint(2**31).byte(0).getvalue()
    deleted = Writer().var_uint(1).var_uint(1).var_uint(7).var_uint(0).byte(1).var_uint(1).var_string("content")
    update = deleted.var_uint(2**31).byte(0).getvalue()
    left, right = (note_units(one, read_sections(one)[7], 0, 2**31) for one in (collected, update))
    assert (left, right) == ({}, {})
    (one,), (two,) = typed("ab"), typed("ac")
    here, there, nowhere = (
        note_units(one, read_sections(one)[7], 0, 2),
        note_units(two, read_sections(two)[7], 0, 2),
        {},
    )
    assert are_same(here, nowhere)
    assert are_same(nowhere, here)
    assert not are_same(here, there)


def test_where_nobody_can_say_anything_may_be_the_same() -> None:
    left = "a".encode("utf-16-le")
    assert may_be_same(left, left)
    assert not may_be_same(left, "b".encode("utf-16-le"))
    assert may_be_same(left, None), "it was collected"
    assert may_be_same(HALF, left), "U+FFFD stands for any half"


@pytest.mark.stock
def test_json_is_compared_by_what_it_says(yjs: Oracle) -> None:
    head = "const doc = new Y.Doc(); doc.clientID = 7; doc.on('update', send); const t = doc.getText('content'); "
    one, same, other = (
        yjs.make(head + f"t.insertEmbed(0, {value})")[0]
        for value in ("{a: 1, b: [2]}", "{b: [2], a: 1}", "{a: 1, b: [3]}")
    )
    assert may_be_same(units(one, 7)[0], units(same, 7)[0]), "keys in another order"
    assert not may_be_same(units(one, 7)[0], units(other, 7)[0])
