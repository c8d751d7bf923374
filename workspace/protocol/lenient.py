"""What a newer client adds to a message is passed over: the types of records refuse it, the sockets must not.

Only a message that was refused for such a field comes here.
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import inspect
from msgspec.inspect import DictType, ListType, StructType, TupleType, Type, UnionType, VarTupleType

from crdt.digest import Json


def without_unknown(value: Json, kind: Type) -> Json:
    """Return a value without the fields that its type does not have; what does not fit at all stays as it is."""
    match kind, value:
        case StructType(fields=fields, tag_field=tag), dict():
            types = {field.encode_name: field.type for field in fields}
            kept = {key: without_unknown(part, types[key]) for key, part in value.items() if key in types}
            return {tag: value[tag], **kept} if tag in value else kept
        case DictType(value_type=inner), dict():
            return {key: without_unknown(part, inner) for key, part in value.items()}
        case ((ListType() | VarTupleType()), list()):
            return [without_unknown(part, kind.item_type) for part in value]
        case UnionType(types=members), _:
            return without_unknown(value, meant(value, members))
        case _:
            return value


def type_of(kind: type) -> Type:
    """Return what msgspec says of a type."""
    return _type_of(kind)


@lru_cache(maxsize=64)
def _type_of(kind: type) -> Type:
    return inspect.type_info(kind)


def meant(value: Json, types: tuple[Type, ...]) -> Type:
    """Return the member of a union that a value is to be read as."""
    for kind in types:
        match kind, value:
            case StructType(tag_field=field, tag=tag), dict() if field is None or value.get(field) == tag:
                return kind
            case DictType(), dict():
                return kind
            case ((ListType() | VarTupleType() | TupleType()), list()):
                return kind
            case _:
                pass
    return inspect.AnyType()
