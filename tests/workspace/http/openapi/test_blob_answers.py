"""Every type of these answers is told of: by itself, or as a part of one that is."""

from __future__ import annotations

import msgspec

from tests.support.app import bare_app
from workspace.http.openapi import blob_answers
from workspace.http.openapi.description import description


def test_every_type_here_stands_in_the_description() -> None:
    told = description(bare_app().routes, root="")["components"]["schemas"]
    own = {
        name: kind
        for name, kind in vars(blob_answers).items()
        if getattr(kind, "__module__", "") == blob_answers.__name__
    }
    assert len(own) > 4
    for name, kind in own.items():
        assert issubclass(kind, msgspec.Struct)
        assert set(told[name]["properties"]) == {field.encode_name for field in msgspec.structs.fields(kind)}
