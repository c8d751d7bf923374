"""Items that do not know of each other are counted by place over all updates, and bounded; hands never come so far."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.documents.crowds import PASSED_MAX, PLACE_ITEMS_MAX, PLACES_MAX, SLOTS, Crowds
from crdt.documents.document import Document
from crdt.documents.intake import Intake, take_in
from crdt.documents.pycrdt_document import DocumentKind
from crdt.updates.lib0 import Writer
from crdt.updates.scan import scan_update
from crdt.updates.summary import Branch, Id
from tests.crdt.updates.hostile_updates import many_of_one_key

FIRST = 10**6


def send(document: Document, update: bytes, most: int = PLACE_ITEMS_MAX) -> Intake:
    intake = take_in(document, update, scan_update(update), place_items_max=most)
    document.apply(intake.update, intake.summary, known=intake.known)
    return intake


def word_of(client: int, *, origin: Id | None = None, right: Id | None = None, clock: int = 0) -> bytes:
    writer = Writer().var_uint(1).var_uint(1).var_uint(client).var_uint(clock)
    writer.byte(4 | 0x80 * (origin is not None) | 0x40 * (right is not None))
    for id in (origin, right):
        if id is not None:
            writer.var_uint(id.client).var_uint(id.clock)
    if origin is None and right is None:
        writer.var_uint(1).var_string("content")
    return writer.var_string("w").byte(0).getvalue()


def value_of(client: int) -> bytes:
    return many_of_one_key(1).replace(b"\x01\x01\x09", Writer().raw(b"\x01\x01").var_uint(client).getvalue())


def crowded(intake: Intake) -> bool:
    return [refused.reason for refused in intake.refused] == ["crowded"]


@pytest.mark.parametrize("kind, make", [("text", word_of), ("data", value_of)])
def test_a_crowd_is_bounded_across_updates(kind: DocumentKind, make: object) -> None:
    document = Document(kind, client=5)
    sent = [send(document, make(FIRST + at), 50) for at in range(80)]  # type: ignore[operator]
    # The very first meets nobody.
    assert [crowded(intake) for intake in sent] == [False] * 51 + [True] * 29
    # Its author's clocks go on, and what it writes elsewhere is taken.
    assert document.state_vector()[FIRST + 79] == 1
    if kind == "text":
        assert document.text() == "w" * 51
        beside = word_of(FIRST, origin=Id(FIRST, 0), clock=1)
        assert send(document, beside, 50).refused == ()
    assert Document.of_state(kind, document.encode(), client=6).digest() == document.digest()


def test_a_crowd_is_bounded_within_one_update_and_over_several_of_them() -> None:
    document = Document("data", client=5)
    for client in range(4):
        data = many_of_one_key(60).replace(
            b"\x01\x3c\x09", Writer().raw(b"\x01\x3c").var_uint(FIRST + client).getvalue()
        )
        refused = send(document, data, 100).refused
        taken = 60 - sum(one.end - one.start for one in refused)
        assert taken == (60, 40, 0, 0)[client]


def test_one_left_neighbour_is_one_place_whatever_stands_right() -> None:
    document = Document("text", client=5)
    send(document, b"\x01\x01\x09\x00\x04\x01\x07content\x64" + b"x" * 100 + b"\x00")
    sent = [send(document, word_of(FIRST + at, origin=Id(9, 0), right=Id(9, 1 + at)), 20) for at in range(40)]
    assert [crowded(intake) for intake in sent] == [False] * 20 + [True] * 20


@pytest.mark.parametrize("people", [1, 3])
def test_lists_grow_at_their_beginning_and_behind_any_place_without_an_end(people: int) -> None:
    document, last = Document("text", client=5), None
    send(document, word_of(9))
    first: Id | None = Id(9, 0)
    for at in range(600):
        id = Id(FIRST + at % people, at // people)
        assert not send(document, word_of(id.client, right=first, clock=id.clock), 20).refused
        first = id
    for at in range(600):
        id = Id(2 * FIRST + at % people, at // people)
        assert not send(document, word_of(id.client, origin=Id(9, 0), right=last, clock=id.clock), 20).refused
        last = id


def test_what_comes_again_is_not_counted_again() -> None:
    document = Document("text", client=5)
    whole = [word_of(FIRST + at) for at in range(21)]
    for _ in range(5):
        for update in whole:
            assert not send(document, update, 20).refused
    assert crowded(send(document, word_of(9), 20))


def loaded_crowd() -> Document:
    document = Document("text", client=5)
    for at in range(1_000):
        send(document, word_of(FIRST + at), 1_000)
    return Document.of_state("text", document.encode(), client=6)


@pytest.mark.long
def test_a_document_that_is_loaded_knows_its_crowds_once_that_is_read() -> None:
    loaded, reading, taken = loaded_crowd(), None, list[bool]()
    for at in range(1_000):
        taken.append(not crowded(send(loaded, word_of(FIRST * 2 + at), 1_500)))
        crowds = loaded.crowds
        if crowds is not None and crowds.is_suspicious and reading is None:
            reading = crowds.begin_reading(loaded.encode())
            reading.read()
        elif reading is not None and len(taken) == 700:
            # A few came while it was read: they are counted, too.
            assert crowds is not None
            crowds.end_reading(reading)
    assert taken == [True] * 700 + [False] * 300, "the state was read, and is full"


@pytest.mark.long
def test_where_nobody_read_beside_the_loop_it_is_read_at_last() -> None:
    loaded = loaded_crowd()
    taken = [not crowded(send(loaded, word_of(FIRST * 2 + at), 2_000)) for at in range(1_600)]
    assert 1_400 < taken.index(False) < 1_500
    assert not any(taken[1_500:])


def test_of_two_readings_the_first_counts() -> None:
    loaded = loaded_crowd()
    send(loaded, word_of(2 * FIRST))
    assert loaded.crowds is not None
    readings = [loaded.crowds.begin_reading(loaded.encode()) for _ in range(2)]
    for reading in readings:
        reading.read()
        loaded.crowds.end_reading(reading)
    assert loaded.crowds.passed == sum(range(17, 1_001))


def test_nothing_is_kept_beside_a_document_in_which_everything_goes_on() -> None:
    document = Document("text", client=5)
    send(document, word_of(9))
    for at in range(1, 50):
        send(document, word_of(9, origin=Id(9, at - 1), clock=at))
    assert document.crowds is None


def jumps(count: int) -> Iterator[Branch]:
    """A cursor that is set to other places, each of them twice."""
    for at in range(count):
        yield Branch(Id(9, at), Id(8, at // 2), Id(7, at))


@pytest.mark.long
def test_a_long_life_of_cursor_jumps_is_no_crowd() -> None:
    crowds = Crowds()
    assert not crowds.add(jumps(200_000), PLACE_ITEMS_MAX)
    assert crowds.passed < PASSED_MAX / 5
    assert len(crowds._counts) <= PLACES_MAX


@pytest.mark.long
def test_many_small_crowds_together_are_bounded() -> None:
    crowds = Crowds()
    many = [Branch(Id(FIRST + at, 0), ("data", f"k{at % 100}"), None) for at in range(100_000)]
    refused = crowds.add(many, PLACE_ITEMS_MAX)
    assert refused
    assert crowds.passed <= PASSED_MAX


@given(places=st.lists(st.integers(0, 400), max_size=900))
def test_a_place_is_never_counted_for_less_than_came_to_it(places: list[int]) -> None:
    crowds = Crowds()
    for at, place in enumerate(places):
        branch = Branch(Id(FIRST + at, 0), (place,), None)
        assert crowds._at(branch) >= places[:at].count(place)
        crowds.add([branch], PLACE_ITEMS_MAX)
    assert crowds._slots is None or len(crowds._slots) == SLOTS


def test_what_is_counted_is_the_same_in_every_process() -> None:
    """Places are named by words: two servers that take in one edit must come to one answer."""
    code = """
from crdt.documents.crowds import Crowds
from crdt.updates.summary import Branch, Id
crowds = Crowds()
crowds.add([Branch(Id(1, at), ("data", f"k{at % 400}"), None) for at in range(2_000)], 1_000)
print(list(crowds._slots))
"""
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": str(salt)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for salt in (1, 2)
    }
    assert len(found) == 1


@pytest.mark.long
def test_what_stands_in_front_each_of_the_last_is_no_crowd() -> None:
    crowds = Crowds()
    assert not crowds.add(
        [Branch(Id(1, at), (Id(1, at - 1),), Id(1, at - 1)) for at in range(1, 60_000)], PLACE_ITEMS_MAX
    )
    assert not crowds.is_suspicious
