"""What value operations mean on plain JSON: the canonical value of a data document after them. Pure, no CRDT.

A list knows the ids of its items (`ListItems`), because operations name items and not places. Values stand here as
`Document.value` gives them, so an object that looks like a tag has one more `~` before its key (`docs/values.md`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from crdt.digest import Json, canonical, normalise
from crdt.documents.anchor import Anchor
from crdt.documents.paths import ABSENT, Path, dotted
from crdt.documents.values import from_stored, to_stored
from crdt.errors import PathMissing, StaleRead, WrongKind
from crdt.operations.ops import SUM_DIGITS, DeleteValue, Increment, ListAdd, ListMove, ListRemove, Op, SetValue
from crdt.updates.summary import Id

_ESCAPED = re.compile(r"~(~+(?:bytes|number|bigint|xml|deep))")
_TAG = re.compile(r"~+(?:bytes|number|bigint|xml|deep)")


class ListItems(list[Json]):
    """The items of a list with their ids; None for an item that came in since, and for all items of a plain list."""

    def __init__(self, items: Sequence[Json], *, ids: Sequence[Id | None] = (), is_plain: bool = False) -> None:
        super().__init__(items)
        self.ids = list(ids) or [None] * len(self)
        assert len(self.ids) == len(self), "each item has its id, or None"
        self.is_plain = is_plain

    def place_of(self, anchor: str | None) -> int | None:
        """Return where an anchored item stands; None when it is not here."""
        id = Anchor.decode(anchor).item if anchor is not None else None
        return self.ids.index(id) if id is not None and id in self.ids else None

    def put(self, at: int, value: Json) -> ListItems:
        """Return the list with an item more."""
        assert 0 <= at <= len(self), "an item comes between others, or at an end"
        ids = [*self.ids[:at], None, *self.ids[at:]]
        return ListItems([*self[:at], value, *self[at:]], ids=ids)

    def without(self, at: int) -> ListItems:
        """Return the list with an item less."""
        assert 0 <= at < len(self), "the item is in the list"
        return ListItems([*self[:at], *self[at + 1 :]], ids=[*self.ids[:at], *self.ids[at + 1 :]])


def find_child(tree: Json, path: Path) -> object:
    """Return what stands at a path of a value, or `ABSENT`."""
    value: object = tree
    for key in path:
        if isinstance(value, dict) and isinstance(key, str):
            inner = _open(value)
            value = inner[key] if inner is not None and key in inner else ABSENT
        elif isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
            value = value[key]
        else:
            return ABSENT
    return value


def change_at(tree: Json, path: Path, change: Callable[[object], object]) -> Json:
    """Return a value with `change` of what stands at a path (perhaps `ABSENT`) in its place; `ABSENT` takes it out.

    Raises:
        PathMissing, WrongKind: the way there does not exist, or holds a single value.
    """
    if not path:
        return change(tree)
    # Nothing is changed in place: what lies beside the way is shared between before and after.
    key, rest = path[0], path[1:]
    if isinstance(tree, dict) and isinstance(key, str):
        inner = _open(tree)
        if inner is None:
            raise WrongKind(f"{dotted(path)} is inside a single value")
        now = inner.get(key, ABSENT)
        new = change_at({} if now is ABSENT and rest else now, rest, change)
        kept = {name: part for name, part in inner.items() if name != key or new is not ABSENT}
        return _close({**kept, key: new} if new is not ABSENT else kept)
    if isinstance(tree, list) and isinstance(key, int) and 0 <= key < len(tree):
        new = change_at(tree[key], rest, change)
        items = tree if isinstance(tree, ListItems) else ListItems(tree)
        gone = items.without(key)
        if new is ABSENT:
            assert len(gone) == len(tree) - 1, "one item less"
            return gone
        # Yjs cannot overwrite an item: what is put at its place is another one, without its identity.
        return gone.put(key, new) if not rest else ListItems([*tree[:key], new, *tree[key + 1 :]], ids=items.ids)
    raise PathMissing(f"there is nothing at {dotted(path)}")


def _open(value: dict[str, Json]) -> dict[str, Json] | None:
    """Return an object under the keys it is stored with; None for a tag, which is a single value."""
    if len(value) == 1:
        ((key, part),) = value.items()
        escaped = _ESCAPED.fullmatch(key)
        if escaped is not None:
            return {escaped[1]: part}
        return None if _TAG.fullmatch(key) else value
    return value


def _close(value: dict[str, Json]) -> dict[str, Json]:
    """Return an object as it reads: `~` before its only key where that looks like a tag. The opposite of `_open`."""
    if len(value) == 1:
        ((key, part),) = value.items()
        if _TAG.fullmatch(key):
            return {f"~{key}": part}
    return value


def apply_op(tree: Json, op: Op) -> Json:
    """Return a document's value after one operation.

    Raises:
        PathMissing, WrongKind, StaleRead: the operation does not fit the value.
    """
    match op:
        case SetValue(_, path, value):
            return change_at(tree, path, lambda now: _set(now, value))
        case Increment(_, path, by):
            return change_at(tree, path, lambda now: _add(now, by, path))
        case DeleteValue(_, path):
            return change_at(tree, path, lambda _: ABSENT)
        case ListAdd(_, path, value, after):
            return change_at(tree, path, lambda now: _add_item(now, _read(value), after, path))
        case ListRemove(_, path, item):
            return change_at(tree, path, lambda now: _as_list(now, path).without(_find_place(now, item, path)))
        case ListMove(_, path, item, after):
            return change_at(tree, path, lambda now: _move_item(_as_list(now, path), item, after, path))
        case _:
            return tree


def _read(value: Json) -> Json:
    """Return a value as it reads once it is stored."""
    return normalise(from_stored(to_stored(value)))


def _set(now: object, value: Json) -> object:
    """Return the new value; the old one itself where it is the same, so that a list keeps its items' identity."""
    new = _read(value)
    # As bytes, because to Python True is 1: and where the bytes are the same, nothing is written to the document.
    return now if now is not ABSENT and canonical(now) == canonical(new) else new


def _add(now: object, by: float, path: Path) -> Json:
    """Return a sum; nothing there counts as zero. Raises `WrongKind`."""
    if now is ABSENT:
        return normalise(by)
    if isinstance(now, bool) or not isinstance(now, int | float):
        raise WrongKind(f"{dotted(path)} is not a number")
    return normalise(round(now + by, SUM_DIGITS))


def _as_list(now: object, path: Path) -> ListItems:
    """Return what stands at a path as a list. Raises `WrongKind`."""
    if not isinstance(now, list):
        raise WrongKind(f"{dotted(path)} is not a list")
    return now if isinstance(now, ListItems) else ListItems(now)


def _find_place(now: object, item: str, path: Path) -> int:
    at = _as_list(now, path).place_of(item)
    if at is None:
        raise StaleRead(f"the item of {dotted(path)} is not there any more")
    assert 0 <= at < len(_as_list(now, path)), "an item stands in its list"
    return at


def _add_item(now: object, value: Json, after: str | None, path: Path) -> ListItems:
    """Return a list with a value more; a list of it alone where nothing stands."""
    if now is ABSENT:
        return ListItems([value])
    # Items of a plain list have no identity to stand behind: there a new one comes last.
    items = _as_list(now, path)
    return items.put(len(items) if items.is_plain else _behind(items, after), value)


def _behind(items: ListItems, after: str | None) -> int:
    """Return the place behind an anchored item; the start for none, the end where that item is gone."""
    if after is None:
        return 0
    at = items.place_of(after)
    return len(items) if at is None else at + 1


def _move_item(items: ListItems, item: str, after: str | None, path: Path) -> ListItems:
    """Return a list with an item elsewhere; Yjs has no move, so it is a new item there."""
    at = _find_place(items, item, path)
    to = _behind(items, after)
    if to in (at, at + 1):
        return items
    return items.without(at).put(to if to < at else to - 1, items[at])
