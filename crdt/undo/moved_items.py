"""Where the items that an edit wrote to by their numbers stand now (semantics F7)."""

from __future__ import annotations

from collections.abc import Sequence

from crdt.digest import canonical, normalise
from crdt.documents.document import Document
from crdt.documents.item_numbers import find_numbered_items, list_item_ids
from crdt.documents.paths import Path, read_path
from crdt.operations.ops import DeleteValue, Increment, ListAdd, ListMove, ListOp, Op, SetValue, ValueOp
from crdt.updates.summary import Id


def find_current_path(
    before: Document, after: Document, now: Document, op: ValueOp | ListOp, ops: Sequence[Op]
) -> Path | None:
    """Return an operation's path with the numbers that its items have now.

    None where that cannot be told: another of the edit's operations `ops` has moved the item, or it is gone and others
    have moved since. A number in plain JSON stays as it is, and so does that of an item which `op` itself took out.
    """
    path, current = op.path, list[str | int]()
    for at, key in enumerate(path):
        is_taken_out = isinstance(op, DeleteValue) and at == len(path) - 1
        if not isinstance(key, int) or is_taken_out:
            current.append(key)
            continue
        if not _is_written_anew(path[:at], ops) and not _is_steady(before, after, path[: at + 1], ops):
            return None
        number = _find_number(list_item_ids(after, path[:at]), list_item_ids(now, tuple(current)), key)
        if number is None:
            return None
        current.append(number)
    return tuple(current)


def _is_written_anew(path: Path, ops: Sequence[Op]) -> bool:
    """Tell whether an edit has put a list there itself: its numbers are the edit's own."""
    return any(isinstance(op, SetValue | Increment) and path[: len(op.path)] == op.path for op in ops)


def find_put_items(before: Document, after: Document, ops: Sequence[Op]) -> dict[Id, int]:
    """Return the items that an edit put at the places of others, with the numbers of those, as far as they tell."""
    found = dict[Id, int]()
    for op in ops:
        if isinstance(op, SetValue | Increment) and find_current_path(before, after, after, op, ops) == op.path:
            item = find_numbered_items(after, op.path).get(len(op.path) - 1)
            if item is not None and isinstance(number := op.path[-1], int):
                found[item] = number
    return found


def _is_steady(before: Document, after: Document, path: Path, ops: Sequence[Op]) -> bool:
    """Tell whether a number, the last of `path`, names in `after` what it named in `before`, or what was put there."""
    holder, key = path[:-1], path[-1]
    assert isinstance(key, int), "a number names an item"
    old, new = list_item_ids(before, holder), list_item_ids(after, holder)
    if not old and not new:  # plain JSON, which has no items
        return True
    return key < min(len(old), len(new)) and all(
        old[number] == new[number] or (new[number] not in old and _is_put(after, (*holder, number), ops))
        for number in range(key + 1)
    )


def _is_put(after: Document, path: Path, ops: Sequence[Op]) -> bool:
    """Tell whether an item that was not there before was put at its number, and not added or moved there."""
    puts = [op for op in ops if isinstance(op, SetValue | Increment) and op.path == path]
    is_only = not any(isinstance(op, ListAdd | ListMove) and op.path == path[:-1] for op in ops)
    if not puts or is_only:
        return bool(puts)
    # Others are new there, too: it is the one that was put where it alone reads as that.
    last, items = puts[-1], read_path(after, path[:-1])
    if not isinstance(last, SetValue) or not isinstance(items, list):
        return False
    wanted, same = canonical(normalise(last.value)), [canonical(item) for item in items]
    return same.count(wanted) == 1 and same[path[-1]] == wanted  # type: ignore[index]


def _find_number(then: Sequence[Id], now: Sequence[Id], key: int) -> int | None:
    """Return the number that an item has now; the same where something else was put in its place."""
    if not then and not now:
        return key
    if key < len(then) and then[key] in now:
        return now.index(then[key])
    # Not there any more: only where no other moved is it another one's number.
    is_in_place = len(then) == len(now) and all(
        old == new for at, (old, new) in enumerate(zip(then, now, strict=True)) if at != key
    )
    return key if is_in_place else None
