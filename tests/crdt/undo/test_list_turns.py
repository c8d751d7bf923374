"""Items come back in the order in which they stood, whatever the order in which their undo found them."""

from __future__ import annotations

from itertools import permutations

from crdt.documents.item_numbers import list_item_ids
from crdt.documents.paths import read_path
from crdt.operations.execute import execute
from crdt.operations.ops import ListAdd, Op
from crdt.undo.list_turns import encode_item, order_list_operations
from tests.crdt.documents.test_item_numbers import DOC, WHO, document, remove
from tests.crdt.undo.edits import edited


def test_items_of_one_place_come_back_as_they_stood() -> None:
    before = document()
    ids = list_item_ids(before, WHO)
    now, _ = edited(before, 101, [remove(before, at) for at in (1, 2, 3)])
    back: list[Op] = [
        ListAdd(DOC, WHO, {"name": name, "n": 0}, encode_item(ids[0]), encode_item(ids[at]))
        for at, name in ((1, "b"), (2, "c"), (3, "d"))
    ]
    for order in permutations(back):
        fork = now.fork(303)
        execute(fork, order_list_operations(order, before, now))
        assert read_path(fork, WHO) == read_path(before, WHO)
