"""Values inside a data document, reached by path: nested shared maps and arrays, or plain JSON inside them.

A value set here is stored as nested shared types, so that two people changing two keys never touch one value. A stock
client may have stored a plain JSON object; then a change below it rewrites that object as a whole.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import Final

from pycrdt import Array, Map

from crdt.digest import EXACT_MAX, Json
from crdt.documents.anchor import Anchor, find_item_index
from crdt.documents.document import Document
from crdt.documents.long_lists import LongList
from crdt.documents.values import from_stored, read_below, to_stored
from crdt.errors import PathMissing, WrongKind
from crdt.updates.summary import Id, IdSpan

Path = tuple[str | int, ...]
ITEMS_AT_ONCE = 200
Container = Map[object] | Array[object]


class _Absent:
    """The type of `ABSENT`, which no JSON value equals: null is a value."""


ABSENT: Final = _Absent()


def read_path(document: Document, path: Path) -> Json | _Absent:
    """Return the value at `path` of a data document (the whole of it for the empty path), or `ABSENT`."""
    value: object = document.data_root
    for key in path:
        value = child_of(value, key)
        if value is ABSENT:
            return ABSENT
    try:
        return from_stored(value)
    except LongList:
        return read_below(document.value(), path)


def child_of(value: object, key: str | int) -> object:
    """Return what stands under a key of a shared or a plain container, or `ABSENT`."""
    if isinstance(value, Map | dict) and isinstance(key, str):
        return value[key] if key in value else ABSENT  # noqa: SIM401  pycrdt's Map.get raises on a missing key
    if isinstance(value, Array | list) and isinstance(key, int) and 0 <= key < len(value):
        return value[key]
    return ABSENT


def make_shared(document: Document, value: Json) -> object:
    """Return a JSON value with its objects and lists as shared types, for the transaction under way on a document.

    Raises `WrongKind` as `to_stored` does.
    """
    return _share(document, to_stored(value))


def _share(document: Document, value: object) -> object:
    """Return a stored value with its plain objects and lists as shared types, whatever its keys look like."""
    match value:
        case dict():
            return Map({key: _share(document, part) for key, part in value.items()})
        case list():
            return _share_list(document, value)
        case bytearray():  # pycrdt gives these, and takes none
            return bytes(value)
        # pycrdt writes the nearest float for it; the document puts the whole number right as the transaction ends.
        case int() if abs(value) > EXACT_MAX:
            document.whole[float(value)] = value
            return value
        case _:
            return value


def _share_list(document: Document, items: list[object]) -> Array[object]:
    """Return the shared list of a stored one; what is more than pycrdt takes at once follows in parts (trap 29)."""
    shared = Array([_share(document, item) for item in items[:ITEMS_AT_ONCE]])
    if len(items) > ITEMS_AT_ONCE:
        if document.rest is None:
            document.rest = deque()
        document.rest.append(partial(_go_on_with_list, document, shared, items, ITEMS_AT_ONCE))
    return shared


def _go_on_with_list(document: Document, shared: Array[object], items: list[object], at: int) -> None:
    """Put the next items into a shared list, which is in the document by now."""
    assert document.rest is not None, "this was left to be done"
    for index in range(at, min(at + ITEMS_AT_ONCE, len(items))):
        shared.insert(index, _share(document, items[index]))
    if at + ITEMS_AT_ONCE < len(items):
        document.rest.append(partial(_go_on_with_list, document, shared, items, at + ITEMS_AT_ONCE))


def set_path(document: Document, path: Path, value: Json) -> None:
    """Put a value at `path`, inside a transaction; objects on the way are made where nothing stands.

    Raises:
        WrongKind: a scalar, or a list without that index, stands on the way; or the path is empty.
    """
    holder, key, rest = _walk(document, path, make=True)
    # Inside plain JSON there is nothing to set a key of: the whole object is written anew, with the change in it.
    if rest:
        inner = child_of(holder, key)
        _put(holder, key, _share(document, _set_inside(inner, rest, to_stored(value))))
    else:
        _put(holder, key, make_shared(document, value))


def delete_path(document: Document, path: Path) -> None:
    """Remove what stands at `path`, inside a transaction. Raises `PathMissing`."""
    holder, key, rest = _walk(document, path, make=False)
    assert len(rest) < len(path), "the container is found by at least one key"
    if child_of(holder, key) is ABSENT:
        raise PathMissing(f"there is nothing at {dotted(path)}")
    if rest:
        _put(holder, key, _share(document, _delete_inside(child_of(holder, key), rest)))
    else:
        del holder[key]  # type: ignore[arg-type]


def find_list(document: Document, path: Path) -> Array[object] | None:
    """Return the shared list at `path`; None for a plain JSON list.

    Raises:
        PathMissing, WrongKind: nothing, or something else than a list, stands there.
    """
    value: object = document.data_root
    for key in path:
        value = child_of(value, key)
    if value is ABSENT:
        raise PathMissing(f"there is nothing at {dotted(path)}")
    if isinstance(value, Array):
        return value
    if isinstance(value, list):
        return None
    raise WrongKind(f"{dotted(path)} is not a list")


def anchor_item(document: Document, path: Path, index: int) -> str | None:
    """Return the anchor of a list's item, for as long as the item lives; None in a plain JSON list."""
    array = find_list(document, path)
    if array is None:
        return None
    if not 0 <= index < len(array):
        raise PathMissing(f"{dotted(path)} has no item {index}")
    # In a list `sticky_index` names the right id: it is text alone whose units it mixes (trap 2).
    position = array.sticky_index(index).to_json()["item"]
    return Anchor(Id(position["client"], position["clock"]), None, 0).encode()


def find_ids(document: Document, path: Path) -> tuple[IdSpan, ...]:
    """Return the ids (client, first clock, end) of what stands at a path and in it; none inside plain JSON.

    It is deleted on a throwaway fork, and the ids are read out of the delete set.
    """
    holder: object = document.data_root
    for key in path[:-1]:
        holder = child_of(holder, key)
    assert path, "the whole document has no ids of its own"
    if not isinstance(holder, Map | Array) or child_of(holder, path[-1]) is ABSENT:
        return ()
    probe = document.fork(document.client ^ 1)
    with probe.transaction() as done:
        delete_path(probe, path)
    assert len(done) == 1, "what stands there can be deleted"
    return tuple((client, start, end) for one in done for client, spans in one.deleted.items() for start, end in spans)


def find_item(document: Document, path: Path, anchor: str) -> int | None:
    """Return where the anchored item stands in the shared list now; None when it was removed."""
    array = find_list(document, path)
    return None if array is None else find_item_index(document, array, Anchor.decode(anchor))


def dotted(path: Path) -> str:
    """Return a path as people write it; a name that has a dot, or nothing, in it stands in quotes."""
    parts = [f"“{part}”" if isinstance(part, str) and (not part or "." in part) else str(part) for part in path]
    return ".".join(parts) or "the document"


def _walk(document: Document, path: Path, *, make: bool) -> tuple[Container, str | int, Path]:
    """Return the innermost shared container on the way, the key in it, and the rest of the path in plain JSON."""
    if not path:
        raise WrongKind("the path is empty")
    holder: Container = document.data_root
    for at, key in enumerate(path):
        _check_key(holder, key, path)
        rest = path[at + 1 :]
        inner = child_of(holder, key)
        if not rest:
            return holder, key, ()
        if isinstance(inner, Map | Array):
            holder = inner
        elif isinstance(inner, dict | list):
            return holder, key, rest
        elif inner is ABSENT and make and isinstance(key, str) and isinstance(holder, Map):
            # Read back: pycrdt hands out the shared map only from where it was put.
            holder[key] = Map({})
            made = holder[key]
            assert isinstance(made, Map), "a map was just put there"
            holder = made
        elif inner is ABSENT:
            raise PathMissing(f"there is nothing at {dotted(path[: at + 1])}")
        else:
            raise WrongKind(f"{dotted(path[: at + 1])} is a single value")
    raise AssertionError("a path with keys ends inside the loop")


def _check_key(holder: Container, key: str | int, path: Path) -> None:
    """Raise `WrongKind` or `PathMissing` for a key that this container cannot have."""
    if isinstance(holder, Map) and not isinstance(key, str):
        raise WrongKind(f"{dotted(path)}: an object has names, not numbers")
    if isinstance(holder, Array) and not (isinstance(key, int) and 0 <= key < len(holder)):
        raise PathMissing(f"{dotted(path)}: the list has {len(holder)} items")


def _put(holder: Container, key: str | int, value: object) -> None:
    """Write a value under a key that `_walk` has found."""
    if isinstance(holder, Map):
        assert isinstance(key, str), "an object is addressed by name"
        holder[key] = value
    else:
        assert isinstance(key, int), "a list is addressed by number"
        assert 0 <= key < len(holder), "`_walk` has looked whether the item is there"
        # Yjs lists cannot overwrite: the old item goes and a new one comes, with another id.
        del holder[key]
        holder.insert(key, value)


def _set_inside(value: object, path: Path, new: object) -> object:
    """Return a plain stored value with `new` at `path`."""
    assert path, "the value itself is put by its holder"
    key, rest = path[0], path[1:]
    if isinstance(value, dict) and isinstance(key, str):
        return {**value, key: _set_inside(value.get(key, {}), rest, new) if rest else new}
    if isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
        return [*value[:key], _set_inside(value[key], rest, new) if rest else new, *value[key + 1 :]]
    raise WrongKind(f"{key} does not fit a {type(value).__name__}")


def _delete_inside(value: object, path: Path) -> object:
    """Return a plain stored value without what stands at `path`."""
    assert path, "the value itself is removed by its holder"
    key, rest = path[0], path[1:]
    if isinstance(value, dict) and isinstance(key, str) and key in value:
        return {
            name: _delete_inside(part, rest) if name == key else part
            for name, part in value.items()
            if rest or name != key
        }
    if isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
        return [*value[:key], *([_delete_inside(value[key], rest)] if rest else []), *value[key + 1 :]]
    raise PathMissing(f"there is nothing at {key}")
