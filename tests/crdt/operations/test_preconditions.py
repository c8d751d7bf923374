"""What a plan stands on: while all of it holds, a plan that was carried out can be carried out again."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.digest import digest_text
from crdt.documents.anchor import place_range
from crdt.documents.document import Document
from crdt.documents.paths import set_path
from crdt.errors import CrdtError
from crdt.operations.fork import run
from crdt.operations.item_readings import Reading, read_items
from crdt.operations.ops import (
    CreateDocument,
    DeleteValue,
    Increment,
    Insert,
    ListAdd,
    Op,
    Replace,
    SetValue,
    hash_of_value,
)
from crdt.operations.preconditions import holds, preconditions

VALUES = (None, 1, 2.5, "x", {"in": 1}, {"in": {"deep": 2}}, [1, 2], 2**60)
PATHS = (("a",), ("b",), ("a", "in"), ("a", "in", "deep"), ("list",), ("list", 0))


def documents(chance: random.Random) -> dict[str, Document]:
    data, text = Document("data", client=2), Document("text", client=2)
    with data.transaction():
        for key in ("a", "b"):
            if chance.random() < 0.7:
                set_path(data, (key,), chance.choice(VALUES))
        set_path(data, ("list",), [1, 2, 3])
    with text.transaction():
        text.insert_text(0, "first second third")
    return {"d": data, "t": text}


def plan(now: dict[str, Document], chance: random.Random) -> tuple[tuple[Op, ...], tuple[Reading, ...]]:
    ops, path = list[Op](), chance.choice(PATHS)
    for _ in range(chance.randrange(1, 3)):
        old, value = hash_of_value(now["d"], path), chance.choice(VALUES[:-1])
        place = place_range(now["t"], 2, 6)
        ends = place.start.encode(), place.end.encode()
        ops.append(
            chance.choice(
                (
                    SetValue("d", path, value, old),
                    Increment("d", path, 1),
                    DeleteValue("d", path, old),
                    ListAdd("d", ("list",), value),
                    Insert("t", ends[0], "new"),
                    Replace("t", *ends, digest_text(now["t"].text()[2:6]), "other"),
                    CreateDocument("made", "text"),
                )
            )
        )
        path = chance.choice(PATHS)
    read = chance.choice(PATHS[:4])
    reads = (Reading("d", hash_of_value(now["d"], read), read),) if chance.random() < 0.3 else ()
    return tuple(ops), (*reads, *read_items(now["d"], [op for op in ops if op.doc == "d"]))


def change(now: dict[str, Document], chance: random.Random) -> None:
    with now["d"].transaction():
        set_path(now["d"], (chance.choice(("a", "b", "list")),), chance.choice((*VALUES, [9])))
    if chance.random() < 0.4:
        with now["t"].transaction():
            size = len(now["t"].text()) + 1
            now["t"].delete_text(*sorted((chance.randrange(size), chance.randrange(size))))
    if chance.random() < 0.2:
        now["made"] = Document("text", client=2)


def can_run(now: dict[str, Document], made: tuple[tuple[Op, ...], tuple[Reading, ...]]) -> bool:
    try:
        run(now, *made, client=40)
    except CrdtError:
        return False
    return True


@pytest.mark.long
@settings(deadline=None, max_examples=500)
@given(seed=st.integers(0, 10**9))
def test_while_all_of_it_holds_the_plan_can_be_carried_out(seed: int) -> None:
    chance = random.Random(seed)
    now = documents(chance)
    made = plan(now, chance)
    if not can_run(now, made):
        return
    stands_on = preconditions(now, *made)
    assert stands_on or all(isinstance(op, Insert) for op in made[0])
    assert all(holds(now, one) for one in stands_on), "it was carried out on these very documents"
    for _ in range(3):
        change(now, chance)
        if all(holds(now, one) for one in stands_on):
            assert can_run(now, made), stands_on


def test_sums_on_one_number_stand_on_the_same_and_outlive_each_other() -> None:
    now = documents(random.Random(1))
    with now["d"].transaction():
        set_path(now["d"], ("a",), 1)
    one, other = (preconditions(now, (Increment("d", ("a",), by),), ()) for by in (1, 2))
    assert one == other, "many who add to one number are looked at once"
    now |= run(now, (Increment("d", ("a",), 1),), (), client=40).documents
    assert all(holds(now, precondition) for precondition in one)
    with now["d"].transaction():
        set_path(now["d"], ("a",), "words")
    assert not all(holds(now, precondition) for precondition in one)
