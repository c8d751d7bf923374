"""The tools a model may use: what a schema asks for is what the types take, within bounds."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model import tool_schemas as tools
from agent.scripted.strictness import problem
from crdt.digest import EXACT_MAX
from crdt.operations.ops import TEXT_POINTS_MAX
from workspace.intents.model.effects import Receiver

RECEIVERS = {"zoe": Receiver("mail", "bot@example.org"), "hook": Receiver("webhook", "https://example.org/in")}
ALL: dict[str, Any] = {schema["name"]: schema for schema in tools.schemas_for(RECEIVERS)}  # type: ignore[misc]


def test_every_tool_has_a_schema_and_every_schema_a_tool() -> None:
    assert set(ALL) == set(tools.KINDS)
    assert [schema["name"] for schema in tools.schemas_for({})] == [name for name in ALL if name != "send"]
    assert ALL["send"]["input_schema"]["properties"]["receiver"]["enum"] == ["hook", "zoe"]


@pytest.mark.parametrize("name", sorted(tools.KINDS))
def test_a_schema_names_the_fields_of_its_type_and_those_it_must_have(name: str) -> None:
    schema, kind = ALL[name]["input_schema"], tools.KINDS[name]
    info = {field.name: field for field in msgspec.structs.fields(kind)}
    assert set(schema["properties"]) == set(info)
    assert set(schema["required"]) == {name for name, field in info.items() if field.required}
    assert schema["additionalProperties"] is False


def test_the_api_takes_all_of_them() -> None:
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}
    assert problem({**body, "tools": list(tools.schemas_for(RECEIVERS))}) == ""


BAD = [
    ("view", {}, "document"),
    ("view", {"document": "p", "lines": [1, 2]}, "lines"),
    ("view", {"document": "x" * 201}, "at most 200"),
    ("view", {"document": "p", "path": ["k"] * 17}, "at most 16 keys"),
    ("view", {"document": "p", "path": ["k" * 501]}, "of 500 characters"),
    ("insert", {"document": "p", "insert_line": -1, "text": "x"}, "insert_line is -1"),
    ("insert", {"document": "p", "insert_line": 1, "text": "x" * (TEXT_POINTS_MAX + 1)}, "characters, at most"),
    ("increment", {"document": "p", "path": ["n"], "by": EXACT_MAX * 4}, "not exact"),
    ("ask", {"question": "q", "options": ["o"] * 9}, "at most 8 options"),
    ("finish", {"summary": "x" * 2_001}, "at most 2000"),
    ("list_add", {"document": "p", "path": ["l"], "value": 1, "index": -3}, "index is -3"),
]


@pytest.mark.parametrize(("name", "given_", "words"), BAD)
def test_what_does_not_fit_is_told_by_tool_and_field(name: str, given_: dict[str, Any], words: str) -> None:
    with pytest.raises(tools.BadInput) as raised:
        tools.read_use(name, given_)
    assert str(raised.value).startswith(f"{name}: ")
    assert words in str(raised.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(["document", "path", "value", "by", "index", "text", "range", "query", "summary", "served"])


@given(name=st.sampled_from(sorted(tools.KINDS)), given_=st.dictionaries(FIELDS, JSON, max_size=4) | JSON)
def test_whatever_a_model_sends_is_typed_or_bad_input(name: str, given_: Any) -> None:
    try:
        use = tools.read_use(name, given_)
    except tools.BadInput:
        return
    assert type(use) is tools.KINDS[name]


def test_a_tool_that_there_is_not_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError):
        tools.read_use("dance", {})
