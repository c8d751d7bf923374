"""Taking an edit back touches only what it made or removed; what others did since stays (invariant I15)."""

from __future__ import annotations

from itertools import permutations

import pytest

from crdt.documents.document import Document
from crdt.documents.paths import anchor_item, read_path, set_path
from crdt.operations.ops import (
    DeleteValue,
    Increment,
    ListAdd,
    ListRemove,
    Op,
    SetValue,
    hash_of_value,
)
from crdt.undo.undo import undo_values
from tests.crdt.undo.edits import (
    AGENT,
    VALUE,
    edited,
    spans,
    values_after,
    values_document,
)


def test_values_go_back_and_relative_changes_of_others_stay() -> None:
    before = values_document(VALUE)
    ops: list[Op] = [
        SetValue("budget", ("tent",), 9, hash_of_value(before, ("tent",))),
        SetValue("budget", ("new",), True, "absent"),
        Increment("budget", ("travel",), -50),
        DeleteValue("budget", ("gone",), "absent"),
    ][:3]
    value, undo = values_after(before, ops, [Increment("budget", ("travel",), 7)], {("travel",): 7})
    assert value == {"travel": 307, "tent": 1, "who": ["Ana", "Ben", "Chen"]}
    assert not undo.lost


@pytest.mark.parametrize(
    "ops",
    [
        [Increment("d", ("fresh",), 2)],
        [Increment("d", ("fresh",), 2), Increment("d", ("fresh",), 3)],
        [Increment("d", ("fresh",), 2), SetValue("d", ("fresh",), {"a": 1}, "absent")],
        [SetValue("d", ("on", "the", "way"), 1, "absent")],
        [SetValue("d", ("on", "the", "way"), 1, "absent"), SetValue("d", ("on", "another"), 1, "absent")],
        [ListAdd("d", ("list",), "x")],
        [SetValue("d", ("n",), 7, ""), Increment("d", ("n",), 2)],
    ],
)
def test_what_was_not_there_goes_again_with_all_that_was_made_on_the_way(ops: list[Op]) -> None:
    before = values_document({"n": 4})
    ops = [
        SetValue(op.doc, op.path, op.value, hash_of_value(before, op.path)) if isinstance(op, SetValue) else op
        for op in ops
    ]
    after, applied = edited(before, 50, ops)
    undo = undo_values("d", before, after, after, ops, inserted=spans(applied)[0], added={})
    assert not undo.lost
    now, _ = edited(after, 51, undo.ops)
    assert now.value() == {"n": 4}


@pytest.mark.parametrize("op", [SetValue("d", ("n",), 9, ""), Increment("d", ("n",), 5)])
def test_what_a_person_has_set_to_the_same_is_theirs(op: Op) -> None:
    before = values_document({"n": 4})
    op = SetValue("d", ("n",), 9, hash_of_value(before, ("n",))) if isinstance(op, SetValue) else op
    after, applied = edited(before, 50, [op])
    hand = after.fork(70_000)
    with hand.transaction():
        set_path(hand, ("n",), 9)
    for now, count in ((after, 0), (hand, 1)):
        undo = undo_values("d", before, after, now, [op], inserted=spans(applied)[0], added={}, agents={50})
        assert len(undo.reset) == count
        assert bool(undo.ops) == (not count)


@pytest.mark.parametrize("old", [5e-324, 1e300, 0.12345678912345, 4])
def test_a_number_comes_back_as_it_was_where_sums_are_rounded(old: float) -> None:
    before = values_document({"n": old})
    ops: list[Op] = [Increment("d", ("n",), -2), Increment("d", ("n",), 0.5)]
    after, applied = edited(before, 50, ops)
    undo = undo_values("d", before, after, after, ops, inserted=spans(applied)[0], added={})
    now, _ = edited(after, 51, undo.ops)
    assert now.value() == {"n": old}


def test_what_others_put_beside_it_stays() -> None:
    before = values_document({"n": 4})
    op = SetValue("d", ("team", "lead"), "Zoe", "absent")
    after, applied = edited(before, 50, [op])
    now, _ = edited(after, 51, [SetValue("d", ("team", "cook"), "Ben", "absent")])
    undo = undo_values("d", before, after, now, [op], inserted=spans(applied)[0], added={})
    assert not undo.lost
    left, _ = edited(now, 52, undo.ops)
    assert left.value() == {"n": 4, "team": {"cook": "Ben"}}


def test_a_number_that_somebody_has_set_since_is_not_added_to() -> None:
    before = values_document(VALUE)
    ops: list[Op] = [Increment("budget", ("travel",), -50)]
    after, _ = edited(before, AGENT, ops)
    hand: list[Op] = [SetValue("budget", ("travel",), 20, hash_of_value(after, ("travel",)))]
    value, undo = values_after(before, ops, hand)
    assert value == {**VALUE, "travel": 20}
    assert [one.path for one in undo.reset] == [("travel",)]


def test_what_somebody_has_set_since_is_named_and_left() -> None:
    before = values_document(VALUE)
    after, _ = edited(before, AGENT, [SetValue("budget", ("tent",), 9, hash_of_value(before, ("tent",)))])
    hand = SetValue("budget", ("tent",), 12, hash_of_value(after, ("tent",)))
    value, undo = values_after(before, [SetValue("budget", ("tent",), 9, hash_of_value(before, ("tent",)))], [hand])
    assert read_path(before, ("tent",)) == 1
    assert value["tent"] == 12  # type: ignore[index, call-overload]
    assert [(one.path, one.value) for one in undo.reset] == [(("tent",), 12)]
    assert not undo.ops


def test_list_items_added_go_and_removed_come_back_in_their_place() -> None:
    before = values_document(VALUE)
    last, middle = anchor_item(before, ("who",), 2), anchor_item(before, ("who",), 1)
    assert middle is not None
    ops: list[Op] = [
        ListAdd("budget", ("who",), "Dee", last),
        ListRemove("budget", ("who",), middle, hash_of_value(before, ("who", 1))),
    ]
    value, undo = values_after(before, ops, [ListAdd("budget", ("who",), "Eli", last)])
    assert value["who"] in (["Ana", "Ben", "Chen", "Eli"],)  # type: ignore[index, call-overload]
    assert not undo.lost


def removal(document: Document, at: int) -> ListRemove:
    """Return the removal of the item of that number in `who`."""
    anchor = anchor_item(document, ("who",), at)
    assert anchor is not None
    return ListRemove("budget", ("who",), anchor, hash_of_value(document, ("who", at)))


@pytest.mark.parametrize("order", list(permutations((0, 2, 3))))
@pytest.mark.parametrize("gone", [(), (0,), (0, 1)])
def test_removed_items_come_back_in_their_order_whichever_was_removed_first(
    order: tuple[int, ...], gone: tuple[int, ...]
) -> None:
    before = values_document({"who": list("abcdef")})
    ops: list[Op] = [removal(before, at) for at in order]  # a, c and d go; b, e and f stay
    after, _ = edited(before, AGENT, ops)
    value, undo = values_after(before, ops, [removal(after, at) for at in gone])
    left = {"bef"[at] for at in gone}
    assert value == {"who": [item for item in "abcdef" if item not in left]}
    assert not undo.lost


@pytest.mark.parametrize("is_added_last", [False, True])
def test_an_item_comes_back_in_its_place_behind_an_added_one_that_goes(*, is_added_last: bool) -> None:
    before = values_document({"who": list("abcd")})
    ops: list[Op] = [ListAdd("budget", ("who",), "x", anchor_item(before, ("who",), 0)), removal(before, 2)]
    ops = ops[::-1] if is_added_last else ops
    after, _ = edited(before, AGENT, ops)
    assert after.value() == {"who": list("axbd")}
    assert values_after(before, ops, [removal(after, 2)])[0] == {"who": list("acd")}


def test_an_added_item_that_somebody_has_changed_since_is_named_and_left() -> None:
    before = values_document({"who": [{"name": "Ana"}]})
    ops: list[Op] = [ListAdd("budget", ("who",), {"name": "Dee"}, anchor_item(before, ("who",), 0))]
    hand = SetValue("budget", ("who", 1, "brings"), "tea", "absent")
    value, undo = values_after(before, ops, [hand])
    assert value == {"who": [{"name": "Ana"}, {"name": "Dee", "brings": "tea"}]}
    assert undo.lost == ["an item added to budget.who has been changed since"]
    assert values_after(before, ops, [])[0] == {"who": [{"name": "Ana"}]}


def test_an_item_does_not_come_back_into_another_list() -> None:
    before = values_document(VALUE)
    first = anchor_item(before, ("who",), 0)
    assert first is not None
    ops: list[Op] = [ListRemove("budget", ("who",), first, hash_of_value(before, ("who", 0)))]
    after, _ = edited(before, AGENT, ops)
    anew = SetValue("budget", ("who",), ["Pia", "Quin"], hash_of_value(after, ("who",)))
    value, undo = values_after(before, ops, [anew])
    assert value == {**VALUE, "who": ["Pia", "Quin"]}
    assert undo.lost == ["an item removed from budget.who cannot be put back: the list is another one"]
