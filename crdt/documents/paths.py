"""Values inside a data document, reached by path: nested shared maps and arrays, or plain JSON inside them.

A value set here is stored as nested shared types, so that two people changing two keys never touch one value. A stock
client may have stored a plain JSON object; then a change below it rewrites that object as a whole.
"""

from __future__ import annotations

from typing import Final

from pycrdt import Array, Map

from crdt.digest import EXACT_MAX, Json
from crdt.documents.anchor import Anchor, item_index
from crdt.documents.document import Document
from crdt.documents.values import from_stored, to_stored
from crdt.errors import PathMissing, WrongKind
from crdt.updates.summary import Id, IdSpan

Path = tuple[str | int, ...]
Container = Map[object] | Array[object]


class _Absent:
    """The type of `ABSENT`, which no JSON value equals."""


ABSENT: Final = _Absent()


def read_path(document: Document, path: Path) -> Json | _Absent:
    """Return the value at `path` of a data document (the whole of it for the empty path), or `ABSENT`."""
    value: object = document.data_root
    for key in path:
        value = _child(value, key)
        if value is ABSENT:
            return ABSENT
    return from_stored(value)


def _child(value: object, key: str | int) -> object:
    if isinstance(value, Map | dict) and isinstance(key, str):
        return value[key] if key in value else ABSENT  # noqa: SIM401  pycrdt's Map.get raises on a missing key
    if isinstance(value, Array | list) and isinstance(key, int) and 0 <= key < len(value):
        return value[key]
    return ABSENT


def shared(document: Document, value: Json) -> object:
    """Return a JSON value with its objects and lists as shared types, for the transaction under way on a document.

    Raises `WrongKind` as `to_stored` does.
    """
    return _reshared(document, to_stored(value))


def _reshared(document: Document, value: object) -> object:
    """Return a stored value with its plain objects and lists as shared types, whatever its keys look like."""
    match value:
        case dict():
            return Map({key: _reshared(document, part) for key, part in value.items()})
        case list():
            return Array([_reshared(document, part) for part in value])
        case bytearray():  # pycrdt gives these, and takes none
            return bytes(value)
        case int() if abs(value) > EXACT_MAX:
            document.whole[float(value)] = value
            return value
        case _:
            return value


def set_path(document: Document, path: Path, value: Json) -> None:
    """Put a value at `path`, inside a transaction; objects on the way are made where nothing stands.

    Raises:
        WrongKind: a scalar, or a list without that index, stands on the way; or the path is empty.
    """
    holder, key, rest = _walk(document, path, make=True)
    if rest:
        inner = _child(holder, key)
        _put(holder, key, _reshared(document, _with(inner, rest, to_stored(value))))
    else:
        _put(holder, key, shared(document, value))


def delete_path(document: Document, path: Path) -> None:
    """Remove what stands at `path`, inside a transaction. Raises `PathMissing`."""
    holder, key, rest = _walk(document, path, make=False)
    if _child(holder, key) is ABSENT:
        raise PathMissing(f"there is nothing at {dotted(path)}")
    if rest:
        _put(holder, key, _reshared(document, _without(_child(holder, key), rest)))
    else:
        del holder[key]  # type: ignore[arg-type]


def list_at(document: Document, path: Path) -> Array[object] | None:
    """Return the shared list at `path`; None for a plain JSON list.

    Raises:
        PathMissing, WrongKind: nothing, or something else than a list, stands there.
    """
    value: object = document.data_root
    for key in path:
        value = _child(value, key)
    if value is ABSENT:
        raise PathMissing(f"there is nothing at {dotted(path)}")
    if isinstance(value, Array):
        return value
    if isinstance(value, list):
        return None
    raise WrongKind(f"{dotted(path)} is not a list")


def item_anchor(document: Document, path: Path, index: int) -> str | None:
    """Return the anchor of a list's item, for as long as the item lives; None in a plain JSON list."""
    array = list_at(document, path)
    if array is None:
        return None
    if not 0 <= index < len(array):
        raise PathMissing(f"{dotted(path)} has no item {index}")
    position = array.sticky_index(index).to_json()["item"]
    return Anchor(Id(position["client"], position["clock"]), None, 0).encode()


def ids_at(document: Document, path: Path) -> tuple[IdSpan, ...]:
    """Return the ids (client, first clock, end) of what stands at a path and in it; none inside plain JSON.

    It is deleted on a throwaway fork, and the ids are read out of the delete set.
    """
    holder: object = document.data_root
    for key in path[:-1]:
        holder = _child(holder, key)
    if not isinstance(holder, Map | Array) or _child(holder, path[-1]) is ABSENT:
        return ()
    probe = document.fork(document.client ^ 1)
    with probe.transaction() as done:
        delete_path(probe, path)
    return tuple((client, start, end) for one in done for client, spans in one.deleted.items() for start, end in spans)


def find_item(document: Document, path: Path, anchor: str) -> int | None:
    """Return where the anchored item stands in the shared list now; None when it was removed."""
    array = list_at(document, path)
    return None if array is None else item_index(document, array, Anchor.decode(anchor))


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
        inner = _child(holder, key)
        if not rest:
            return holder, key, ()
        if isinstance(inner, Map | Array):
            holder = inner
        elif isinstance(inner, dict | list):
            return holder, key, rest
        elif inner is ABSENT and make and isinstance(key, str) and isinstance(holder, Map):
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
    if isinstance(holder, Map) and not isinstance(key, str):
        raise WrongKind(f"{dotted(path)}: an object has names, not numbers")
    if isinstance(holder, Array) and not (isinstance(key, int) and 0 <= key < len(holder)):
        raise PathMissing(f"{dotted(path)}: the list has {len(holder)} items")


def _put(holder: Container, key: str | int, value: object) -> None:
    if isinstance(holder, Map):
        holder[str(key)] = value
    else:
        assert isinstance(key, int), "a list is addressed by number"
        del holder[key]
        holder.insert(key, value)


def _with(value: object, path: Path, new: object) -> object:
    """Return a plain stored value with `new` at `path`."""
    key, rest = path[0], path[1:]
    if isinstance(value, dict) and isinstance(key, str):
        return {**value, key: _with(value.get(key, {}), rest, new) if rest else new}
    if isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
        return [*value[:key], _with(value[key], rest, new) if rest else new, *value[key + 1 :]]
    raise WrongKind(f"{key} does not fit a {type(value).__name__}")


def _without(value: object, path: Path) -> object:
    """Return a plain stored value without what stands at `path`."""
    key, rest = path[0], path[1:]
    if isinstance(value, dict) and isinstance(key, str) and key in value:
        return {
            name: _without(part, rest) if name == key else part for name, part in value.items() if rest or name != key
        }
    if isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
        return [*value[:key], *([_without(value[key], rest)] if rest else []), *value[key + 1 :]]
    raise PathMissing(f"there is nothing at {key}")
