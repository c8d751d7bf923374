"""Fields of a body that nobody would read: found by name, so that a misspelt one is not silently left out.

The types say nothing of it themselves, because the sockets read many of them too, where what a newer client adds is
passed over (`workspace.protocol.lenient`).
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.inspect import DictType, Field, ListType, StructType, TupleType, Type, UnionType, VarTupleType

from crdt.digest import Json
from workspace.protocol.lenient import meant, type_of

SHOWN_MAX = 40


def unknown_field(value: Json, kind: type) -> str:
    """Return which field of `value` a type does not have and which it has, as a sentence; empty where all are known.

    `value` was read from JSON within bounds of nesting. What does not fit the type at all is left to whoever reads it.
    """
    # Decision 80: a request refuses by name what it does not know, and a socket passes it over.
    return _unknown(value, type_of(kind), "")


def _unknown(value: Json, kind: Type, path: str) -> str:
    match kind, value:
        case StructType(fields=fields, tag_field=tag), dict():
            return _in_struct(value, {field.encode_name: field for field in fields}, tag, path)
        case DictType(value_type=inner), dict():
            return _first(_unknown(part, inner, _below(path, key)) for key, part in value.items())
        case ((ListType() | VarTupleType()), list()):
            inner = kind.item_type
            return _first(_unknown(part, inner, f"{path}[{at}]") for at, part in enumerate(value))
        case TupleType(item_types=inners), list():
            pairs = enumerate(zip(value, inners, strict=False))
            return _first(_unknown(part, inner, f"{path}[{at}]") for at, (part, inner) in pairs)
        case UnionType(types=types), _:
            return _unknown(value, meant(value, types), path)
        case _:
            return ""


def _in_struct(value: dict[str, Json], fields: dict[str, Field], tag: str | None, path: str) -> str:
    for key, part in value.items():
        if key == tag:
            continue
        if key not in fields:
            known = ", ".join(fields) or "none"
            return f"There is no field {_below(path, key)!r} here. There are: {known}."
        found = _unknown(part, fields[key].type, _below(path, key))
        if found:
            return found
    return ""


def _first(found: Iterable[str]) -> str:
    return next(filter(None, found), "")


def _below(path: str, key: str) -> str:
    assert isinstance(key, str), "JSON names its fields by text"
    shown = key if len(key) <= SHOWN_MAX else f"{key[:SHOWN_MAX]}…"
    return f"{path}.{shown}" if path else shown
