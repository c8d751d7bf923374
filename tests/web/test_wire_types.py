"""The page's types of what travels are those of the server: `wire.ts` is current, whole, says what may be missing."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from msgspec import inspect

import workspace
from tests.web.wire_types import SERVER, WIRE, Values, interface_of, wire
from workspace.intents.model.bodies import BODIES

SOURCE = WIRE.read_text()
KINDS = (*SERVER, *BODIES.values())
NO_ALIASES: dict[Values, str] = {}


def test_the_types_of_the_page_are_current() -> None:
    assert wire() == SOURCE, "run .venv/bin/python -m tests.web.wire_types --write"


def test_every_message_of_the_server_is_among_them() -> None:
    sources = (path.read_text() for path in Path(workspace.__path__[0]).rglob("*.py"))
    found = {name for text in sources for name in re.findall(r"^class (\w+)\(.*tag_field=\"type\"", text, re.M)}
    assert found == {kind.__name__ for kind in SERVER}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_what_is_sent_has_every_field_that_may_not_be_missing_and_no_other_one(kind: type[msgspec.Struct]) -> None:
    least = {field.name: _least(field.type) for field in msgspec.structs.fields(kind) if field.required}
    sent = msgspec.json.decode(msgspec.json.encode(kind(**least)))
    must, may = _fields(kind.__name__)
    assert must <= set(sent) <= must | may


def _fields(name: str) -> tuple[set[str], set[str]]:
    """Return the fields of an interface of the file, as a reader of it finds them: those that must be, that may be."""
    found = re.search(rf"^export interface {name} \{{(.*?)\}}$", SOURCE, re.M | re.S)
    assert found is not None, name
    fields = re.findall(r"(?:^|[{;\n])\s*(\w+)(\??): ", found[1])
    return {field for field, mark in fields if not mark}, {field for field, mark in fields if mark}


def _least(annotation: object) -> object:
    """Return the least value of a field's type that JSON can carry."""
    match inspect.type_info(annotation):
        case inspect.DictType():
            return {}
        case inspect.IntType() | inspect.FloatType():
            return 0
        case inspect.BoolType():
            return False
        case inspect.VarTupleType():
            return ()
        case inspect.UnionType() as union if union.includes_none:
            return None
        case inspect.StructType(cls=kind):
            return kind(**{field.name: _least(field.type) for field in msgspec.structs.fields(kind) if field.required})
        case _:
            return ""


Before = msgspec.defstruct("Shown", [("id", str), ("code", int)])


@pytest.mark.parametrize(
    "after, line",
    [
        (msgspec.defstruct("Shown", [("id", str)]), "{ id: string }"),
        (
            msgspec.defstruct("Shown", [("id", str), ("code", int), ("at", str)]),
            "{ id: string; code: number; at: string }",
        ),
        (msgspec.defstruct("Shown", [("id", str), ("code", str)]), "{ id: string; code: string }"),
        (
            msgspec.defstruct("Shown", [("id", str), ("code", int, 0)], omit_defaults=True),
            "{ id: string; code?: number }",
        ),
        (msgspec.defstruct("Shown", [("id", str), ("code", int | None)]), "{ id: string; code: number | null }"),
        (
            msgspec.defstruct("Shown", [("id", str), ("code", int)], rename={"code": "class"}),
            "{ id: string; class: number }",
        ),
    ],
    ids=["gone", "new", "of another type", "left out by default", "null", "renamed"],
)
def test_a_field_that_changes_changes_the_file(after: type[msgspec.Struct], line: str) -> None:
    assert _line(Before) == "{ id: string; code: number }"
    assert _line(after) == line


def test_a_field_with_a_default_may_be_missing_in_a_record_of_an_older_log_and_is_always_in_a_message() -> None:
    kind = msgspec.defstruct("Shown", [("id", str), ("code", int, 0)])
    assert _line(kind, may_lack=True) == "{ id: string; code?: number }"
    assert _line(kind, may_lack=False) == "{ id: string; code: number }"


def _line(kind: type[msgspec.Struct], *, may_lack: bool = False) -> str:
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    return interface_of(info, NO_ALIASES, may_lack=may_lack).rpartition("export interface Shown ")[2]
