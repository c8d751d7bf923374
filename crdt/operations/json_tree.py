"""What value operations mean on plain JSON: the canonical value of a data document after them. Pure, no CRDT.

A list knows the ids of its items (`ListItems`), because operations name items and not places. Values stand here as
`Document.value` gives them, so an object that looks like a tag has one more `~` before its key (`docs/values.md`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from crdt.digest import Json, normal
from crdt.documents.anchor import Anchor
from crdt.documents.paths import ABSENT, Path, dotted
from crdt.documents.values import from_stored, to_stored
from crdt.errors import PathMissing, StaleRead, WrongKind
from crdt.operations.ops import SUM_DIGITS, DeleteValue, Increment, ListAdd, ListMove, ListRemove, Op, SetValue
from crdt.updates.summary import Id

_ESCAPED = re.compile(r"~(~+(?:bytes|number|bigint|xml|deep))")
_TAG = re.compile(r"~+(?:bytes|number|bigint|xml|deep)")


class ListItems(list[Json]):
    """The items of a list with their ids, None for an item that came in since; a plain list's items have none."""

    def __init__(self, items: Sequence[Json], *, ids: Sequence[Id | None] = (), is_plain: bool = False) -> None:
        super().__init__(items)
        self.ids = list(ids) or [None] * len(self)
        self.is_plain = is_plain

    def place_of(self, anchor: str | None) -> int | None:
        """Return where an anchored item stands; None when it is not here."""
        id = Anchor.decode(anchor).item if anchor is not None else None
        return self.ids.index(id) if id is not None and id in self.ids else None

    def put(self, at: int, value: Json) -> ListItems:
        """Return the list with an item more."""
        ids = [*self.ids[:at], None, *self.ids[at:]]
        return ListItems([*self[:at], value, *self[at:]], ids=ids)

    def without(self, at: int) -> ListItems:
        """Return the list with an item less."""
        return ListItems([*self[:at], *self[at + 1 :]], ids=[*self.ids[:at], *self.ids[at + 1 :]])


def child(tree: Json, path: Path) -> object:
    """Return what stands at a path of a value, or `ABSENT`."""
    value: object = tree
    for key in path:
        if isinstance(value, dict) and isinstance(key, str):
            inner = _opened(value)
            value = inner[key] if inner is not None and key in inner else ABSENT
        elif isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
            value = value[key]
        else:
            return ABSENT
    return value


def changed(tree: Json, path: Path, change: Callable[[object], object]) -> Json:
    """Return a value with `change` of what stands at a path (perhaps `ABSENT`) in its place; `ABSENT` takes it out.

    Raises:
        PathMissing, WrongKind: the way there does not exist, or holds a single value.
    """
    if not path:
        return change(tree)
    key, rest = path[0], path[1:]
    if isinstance(tree, dict) and isinstance(key, str):
        inner = _opened(tree)
        if inner is None:
            raise WrongKind(f"{dotted(path)} is inside a single value")
        now = inner.get(key, ABSENT)
        new = changed({} if now is ABSENT and rest else now, rest, change)
        kept = {name: part for name, part in inner.items() if name != key or new is not ABSENT}
        return _closed({**kept, key: new} if new is not ABSENT else kept)
    if isinstance(tree, list) and isinstance(key, int) and 0 <= key < len(tree):
        new = changed(tree[key], rest, change)
        items = tree if isinstance(tree, ListItems) else ListItems(tree)
        gone = items.without(key)
        if new is ABSENT:
            return gone
        return gone.put(key, new) if not rest else ListItems([*tree[:key], new, *tree[key + 1 :]], ids=items.ids)
    raise PathMissing(f"there is nothing at {dotted(path)}")


def _opened(value: dict[str, Json]) -> dict[str, Json] | None:
    """Return an object under the keys it is stored with; None for a tag, which is a single value."""
    if len(value) == 1:
        ((key, part),) = value.items()
        escaped = _ESCAPED.fullmatch(key)
        if escaped is not None:
            return {escaped[1]: part}
        return None if _TAG.fullmatch(key) else value
    return value


def _closed(value: dict[str, Json]) -> dict[str, Json]:
    if len(value) == 1:
        ((key, part),) = value.items()
        if _TAG.fullmatch(key):
            return {f"~{key}": part}
    return value


def after_op(tree: Json, op: Op) -> Json:
    """Return a document's value after one operation.

    Raises:
        PathMissing, WrongKind, StaleRead: the operation does not fit the value.
    """
    match op:
        case SetValue(_, path, value):
            return changed(tree, path, lambda now: _set(now, value))
        case Increment(_, path, by):
            return changed(tree, path, lambda now: _added(now, by, path))
        case DeleteValue(_, path):
            return changed(tree, path, lambda _: ABSENT)
        case ListAdd(_, path, value, after):
            return changed(tree, path, lambda now: _with_item(now, _read(value), after, path))
        case ListRemove(_, path, item):
            return changed(tree, path, lambda now: _list(now, path).without(_place(now, item, path)))
        case ListMove(_, path, item, after):
            return changed(tree, path, lambda now: _moved(_list(now, path), item, after, path))
        case _:
            return tree


def _read(value: Json) -> Json:
    """Return a value as it reads once it is stored."""
    return normal(from_stored(to_stored(value)))


def _set(now: object, value: Json) -> object:
    new = _read(value)
    return now if now is not ABSENT and now == new and type(now) is type(new) else new


def _added(now: object, by: float, path: Path) -> Json:
    if now is ABSENT:
        return normal(by)
    if isinstance(now, bool) or not isinstance(now, int | float):
        raise WrongKind(f"{dotted(path)} is not a number")
    return normal(round(now + by, SUM_DIGITS))


def _list(now: object, path: Path) -> ListItems:
    if not isinstance(now, list):
        raise WrongKind(f"{dotted(path)} is not a list")
    return now if isinstance(now, ListItems) else ListItems(now)


def _place(now: object, item: str, path: Path) -> int:
    at = _list(now, path).place_of(item)
    if at is None:
        raise StaleRead(f"the item of {dotted(path)} is not there any more")
    return at


def _with_item(now: object, value: Json, after: str | None, path: Path) -> ListItems:
    if now is ABSENT:
        return ListItems([value])
    items = _list(now, path)
    return items.put(len(items) if items.is_plain else _behind(items, after), value)


def _behind(items: ListItems, after: str | None) -> int:
    """Return the place behind an anchored item; the start for none, the end where that item is gone."""
    if after is None:
        return 0
    at = items.place_of(after)
    return len(items) if at is None else at + 1


def _moved(items: ListItems, item: str, after: str | None, path: Path) -> ListItems:
    at = _place(items, item, path)
    to = _behind(items, after)
    if to in (at, at + 1):
        return items
    return items.without(at).put(to if to < at else to - 1, items[at])
