"""Rows of intents in log order, and the shelves on which they lie; random ones are in `test_live_index.py`."""

from __future__ import annotations

from dataclasses import dataclass

from workspace.intents.state.shelves import InOrder, Shelves


@dataclass(eq=False)
class Thing:
    id: str
    seq: int


def test_a_row_is_read_from_a_place_of_the_log_backwards_and_from_who_came_last() -> None:
    row, things = InOrder[Thing](), [Thing(f"i{seq}", seq) for seq in (5, 2, 9)]
    for thing in (*things, things[0]):
        row.put(thing)
    assert [thing.seq for thing in row.until(5)] == [5, 2]
    assert [thing.seq for thing in row.latest()] == [9, 2, 5]
    row.take(things[1])
    assert [thing.seq for thing in row.until(100)] == [9, 5]


def test_one_key_is_near_itself_and_what_may_be_anywhere_in_its_document() -> None:
    shelves, (a, b, whole, lost) = Shelves[Thing](), (Thing(f"i{seq}", seq) for seq in range(4))
    shelves.put(a, [("d", "a")])
    shelves.put(b, [("d", "b")])
    shelves.put(whole, [("d", None)])
    shelves.put(lost, None)
    assert shelves.near([("d", "a")]) == [a, whole, lost]
    assert shelves.near([("d", None)]) == [a, b, whole, lost]
    assert shelves.near([("e", "a")]) == [lost]
    assert shelves.near(None) == [a, b, whole, lost]
    for thing, places in ((a, [("d", "a")]), (b, [("d", "b")]), (whole, [("d", None)]), (lost, [])):
        shelves.take(thing, places)  # type: ignore[arg-type]
    assert shelves == Shelves(), "nothing is kept of what is gone"
