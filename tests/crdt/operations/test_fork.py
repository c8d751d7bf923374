"""L2: two plans collide exactly when they meet and their order matters; brute force of both orders is the oracle."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.digest import digest_text
from crdt.documents.anchor import place_anchors, place_range
from crdt.documents.document import Document
from crdt.documents.paths import set_path
from crdt.errors import CrdtError, StaleRead
from crdt.operations.fork import collide, commute, hash_reading, run
from crdt.operations.item_readings import Reading
from crdt.operations.ops import (
    Delete,
    DeleteValue,
    Increment,
    Insert,
    Op,
    Replace,
    SetValue,
    find_touch,
    hash_of_value,
    is_relative,
    overlap,
)
from tests.support.examples import examples

TEXT = "One 😀 two three. Four é five six. Seven eight nine."
KEYS = ("a", "b", "c")


def documents() -> dict[str, Document]:
    text, values = Document("text", client=5), Document("data", client=5)
    with text.transaction():
        text.insert_text(0, TEXT)
    with values.transaction():
        for at, key in enumerate(KEYS[:2]):
            set_path(values, (key,), 10 * (at + 1))
    return {"t": text, "v": values}


DOCS = documents()


@st.composite
def operations(draw: st.DrawFn) -> Op:
    if draw(st.booleans()):
        key = draw(st.sampled_from(KEYS))
        old = hash_of_value(DOCS["v"], (key,))
        return draw(
            st.sampled_from(
                [SetValue("v", (key,), draw(st.integers(0, 3)), old), Increment("v", (key,), draw(st.integers(1, 3)))]
                + ([DeleteValue("v", (key,), old)] if old != "absent" else [])
            )
        )
    start = draw(st.integers(0, len(TEXT)))
    end = min(len(TEXT), start + draw(st.integers(0, 12)))
    if start == end:
        (anchor,) = place_anchors(DOCS["t"], [(start, draw(st.sampled_from((0, -1))))])
        return Insert("t", anchor.encode(), draw(st.sampled_from(("X", "é😀"))))
    place = place_range(DOCS["t"], start, end)
    from_, to, old = place.start.encode(), place.end.encode(), digest_text(TEXT[start:end])
    new = draw(st.sampled_from(("", "new", "😀")))
    return Replace("t", from_, to, old, new) if new else Delete("t", from_, to, old)


def final(first: list[Op], second: list[Op]) -> dict[str, object]:
    """Brute force: both plans on plain forks, in this order; one that does not fit any more is left out."""
    now = dict(DOCS)
    for at, ops in enumerate((first, second)):
        try:
            now |= run(now, ops, (), client=900 + at).documents
        except CrdtError:
            continue
    return {name: document.value() for name, document in now.items()}


plans = st.lists(operations(), min_size=1, max_size=2)


@settings(max_examples=examples(250), deadline=None)
@given(a=plans, b=plans)
def test_commuting_is_what_brute_force_finds(a: list[Op], b: list[Op]) -> None:
    assert commute(DOCS, (a, ()), (b, ()), client=50) == (final(a, b) == final(b, a))


@settings(max_examples=examples(250), deadline=None)
@given(a=plans, b=plans)
def test_plans_whose_order_matters_collide_unless_all_that_meets_is_relative(a: list[Op], b: list[Op]) -> None:
    collides = collide(DOCS, (a, ()), (b, ()), client=50)
    assert collides == collide(DOCS, (b, ()), (a, ()), client=50), "collision is symmetric"
    order_matters = final(a, b) != final(b, a)
    if collides:
        assert order_matters
    elif order_matters:
        touching = [(x, y) for x in a for y in b if x.doc == y.doc]
        assert any(is_relative(x) and is_relative(y) for x, y in touching), (
            "only inserts at one place may differ in order"
        )


@settings(max_examples=examples(150), deadline=None)
@given(a=operations(), b=operations())
def test_overlap_is_symmetric(a: Op, b: Op) -> None:
    one, other = find_touch(DOCS[a.doc], a), find_touch(DOCS[b.doc], b)
    assert overlap(one, other) == overlap(other, one)


def test_doubling_and_subtracting_collide() -> None:
    price = {"v": Document("data", client=5)}
    with price["v"].transaction():
        set_path(price["v"], ("price",), 100)
    double = [SetValue("v", ("price",), 200, hash_of_value(price["v"], ("price",)))]
    less = [Increment("v", ("price",), -30)]
    assert collide(price, (double, ()), (less, ()), client=50)


def test_two_increments_and_two_equal_wishes_do_not_collide() -> None:
    assert not collide(DOCS, ([Increment("v", ("a",), 1)], ()), ([Increment("v", ("a",), 2)], ()), client=50)
    same = [SetValue("v", ("a",), 3, hash_of_value(DOCS["v"], ("a",)))]
    assert not collide(DOCS, (same, ()), (same, ()), client=50)


def test_write_skew_collides() -> None:
    def work(read: str, write: str) -> tuple[list[Op], list[Reading]]:
        reading = Reading("v", hash_of_value(DOCS["v"], (read,)), path=(read,))
        return [SetValue("v", (write,), 0, hash_of_value(DOCS["v"], (write,)))], [reading]

    assert collide(DOCS, work("a", "b"), work("b", "a"), client=50)
    assert not collide(DOCS, work("a", "b"), work("c", "c"), client=50)


PLACE = place_range(DOCS["t"], 0, 3)
READ = {
    "a value": Reading("v", "", ("a",)),
    "words": Reading("t", "", from_=PLACE.start.encode(), to=PLACE.end.encode()),
    "a whole text": Reading("t", ""),
    "all values": Reading("v", ""),
}


@pytest.mark.parametrize("is_strong", [True, False])
@pytest.mark.parametrize("what", READ)
def test_a_plan_runs_on_what_it_read_or_not_at_all(what: str, is_strong: bool) -> None:
    """C4, I7: what was read strongly must stand as it was, in a document that the plan does not write, too."""
    place = READ[what]
    read = msgspec.structs.replace(place, hash=hash_reading(DOCS, place) or "", strong=is_strong)
    plan = [SetValue("v", ("b",), 7, hash_of_value(DOCS["v"], ("b",)))]
    assert run(DOCS, plan, [read], client=9).documents
    changed = {doc: document.fork(6) for doc, document in DOCS.items()}
    with changed["v"].transaction():
        set_path(changed["v"], ("a",), 99)
    with changed["t"].transaction():
        changed["t"].insert_text(1, "!")
    if is_strong:
        with pytest.raises(StaleRead):
            run(changed, plan, [read], client=9)
    else:
        assert run(changed, plan, [read], client=9).documents
