"""Any value of a struct, as hypothesis draws it from the types of its fields: what a log may hold, and no more."""

from __future__ import annotations

from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import msgspec
from hypothesis import strategies as st

from crdt.digest import Json
from workspace.intents.model.policies import POLICIES

PARTS_MAX = 3
# The words of a log are code points that UTF-8 can hold.
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1)
FLOATS = st.floats(-1e12, 1e12, allow_nan=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | FLOATS | WORDS,
    lambda inner: st.lists(inner, max_size=PARTS_MAX) | st.dictionaries(WORDS, inner, max_size=PARTS_MAX),
    max_leaves=5,
)
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: WORDS, int: NUMBERS, float: FLOATS, bool: st.booleans(), NoneType: st.none(), Json: JSON,
    msgspec.UnsetType: st.just(msgspec.UNSET), Any: JSON,
}  # fmt: skip


def any_of(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for any value of a type that a record may hold."""
    if kind in PLAIN:
        return PLAIN[kind]
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return st.sampled_from(inner)
    if origin in (Union, UnionType):
        return st.one_of(*(any_of(one) for one in inner))
    if origin is tuple and inner[-1] is Ellipsis:
        return st.lists(any_of(inner[0]), max_size=PARTS_MAX).map(tuple)
    if origin is tuple:
        return st.tuples(*(any_of(one) for one in inner))
    if origin is dict:
        return st.dictionaries(any_of(inner[0]), any_of(inner[1]), max_size=PARTS_MAX)
    assert issubclass(kind, msgspec.Struct), f"no record holds {kind}"
    return any_struct(kind)


def any_struct(kind: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Return a strategy for a struct: every field drawn, those with a default as often left as they are."""
    needed, more = {}, {}
    for field in msgspec.structs.fields(kind):
        # A chain is of policies that there are: any other is refused where a record is read.
        drawn = st.lists(st.sampled_from(POLICIES)).map(tuple) if field.name == "chain" else any_of(field.type)
        (needed if field.required else more)[field.name] = drawn
    return st.fixed_dictionaries(needed, optional=more).map(lambda values: kind(**values))
