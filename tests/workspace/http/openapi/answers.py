"""Holds the types of a module of answers against the description: each is told of, with exactly its fields."""

from __future__ import annotations

from types import ModuleType

import msgspec

from tests.support.app import bare_app
from workspace.http.openapi.description import description


def hold_types(module: ModuleType, at_least: int) -> None:
    """Fail where a type of the module is not in the description as it is, by itself or as a part of one that is."""
    told = description(bare_app().routes, root="")["components"]["schemas"]
    own = {name: kind for name, kind in vars(module).items() if getattr(kind, "__module__", "") == module.__name__}
    assert len(own) >= at_least
    for name, kind in own.items():
        assert issubclass(kind, msgspec.Struct)
        assert set(told[name]["properties"]) == {field.encode_name for field in msgspec.structs.fields(kind)}
