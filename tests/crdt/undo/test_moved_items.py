"""What an edit wrote to by the number of an item is put back in that item, wherever it stands by now."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.documents.paths import Path
from crdt.errors import CrdtError
from crdt.operations.ops import DeleteValue, Increment, ListAdd, ListRemove, Op, SetValue, hash_of_value
from tests.crdt.documents.test_item_numbers import DOC, ITEMS, WHO, anchor, document, plans, remove, set_to
from tests.crdt.undo.edits import edited, values_after
from tests.support.examples import examples


def names(value: object) -> list[str]:
    assert isinstance(value, dict)
    return [item["name"] if isinstance(item, dict) else item for item in value["who"]]


def test_an_item_is_found_where_it_was_moved_to_by_others() -> None:
    before = document()
    number = (*WHO, 2, "n")
    edits: tuple[Op, ...] = (
        set_to(before, (*WHO, 2, "name"), "x"),
        set_to(before, (*WHO, 2), "x"),
        Increment(DOC, number, 5),
        DeleteValue(DOC, number, hash_of_value(before, number)),
    )
    for op in edits:
        ops = [op]
        after, _ = edited(before, 101, ops)
        for hand in ([ListAdd(DOC, WHO, "first")], [remove(after, 0)], [remove(after, 1), ListAdd(DOC, WHO, "first")]):
            left, undo = values_after(before, ops, [*hand])
            expected, _ = edited(before, 202, [*hand])
            assert left == expected.value()
            assert not undo.lost


def test_where_the_edit_itself_has_moved_it_nothing_is_guessed() -> None:
    before = document()
    ops = [set_to(before, (*WHO, 2), "x"), remove(before, 0)]
    left, undo = values_after(before, ops, [])
    assert names(left) == ["a", "b", "x", "d"]
    assert undo.lost == ["budget.who.2 stays as it is: its item is gone, or the items of its list have moved"]


def test_an_item_in_whose_place_another_was_put_is_no_longer_the_edits() -> None:
    before = document()
    ops = [set_to(before, (*WHO, 2), "x")]
    after, _ = edited(before, 101, ops)
    left, undo = values_after(before, ops, [set_to(after, (*WHO, 2), "y")])
    assert names(left) == ["a", "b", "y", "d"]
    assert [reset.path for reset in undo.reset] == [(*WHO, 2)]
    # And where more has moved, it cannot be told which.
    hand: list[Op] = [set_to(after, (*WHO, 2), "y"), ListAdd(DOC, WHO, "first", anchor(after, 3))]
    left, undo = values_after(before, ops, hand)
    assert names(left) == ["a", "b", "y", "d", "first"]
    assert len(undo.lost) + len(undo.reset) == 1


def moved(ops: list[Op]) -> bool:
    """Tell whether a plan of `plans` takes items away, adds or moves some."""
    return any(not isinstance(op, SetValue | Increment) for op in ops)


@settings(max_examples=examples(150), deadline=None)
@given(plans(), st.sampled_from(["nothing", "first", "last"]))
def test_an_undo_gives_back_what_was_or_says_what_stays_and_harms_nobody(ops: list[Op], hand: str) -> None:
    before = document()
    try:
        after, _ = edited(before, 101, ops)
    except CrdtError:
        return
    except AssertionError:  # a plan that changes nothing
        return
    size = len(after.value()["who"])  # type: ignore[index,arg-type]
    by_hand: dict[str, list[Op]] = {
        "nothing": [],
        "first": [ListAdd(DOC, WHO, "hand")],
        "last": [ListAdd(DOC, WHO, "hand", anchor(after, size - 1))] if size else [],
    }
    left, undo = values_after(before, ops, by_hand[hand])
    found = [name for name in names(left) if name != "hand"]
    if not undo.lost and not undo.reset:
        assert found == list(ITEMS)
    # Nobody comes back twice, and whoever the plan did not touch is there as before.
    assert all(found.count(name) <= 1 for name in ITEMS)
    touched: set[Path] = {op.path for op in ops if isinstance(op, SetValue | Increment | DeleteValue)}
    gone = {at for op in ops if isinstance(op, ListRemove) for at in range(4) if anchor(before, at) == op.item}
    for at, name in enumerate(ITEMS):
        if at not in gone and not any(path[1] == at for path in touched):
            assert found.count(name) == 1
    assert hash_of_value(before, WHO) == hash_of_value(document(), WHO)
