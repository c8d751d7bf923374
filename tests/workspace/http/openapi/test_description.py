"""The description has every route, and examples that are of the types they are examples of."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema_rs
import pytest

from tests.support.app import bare_app
from tests.support.described import fault_of, fault_of_value
from workspace.app import API, OPERATIONS
from workspace.http.fields import unknown_field
from workspace.http.openapi.description import description, operations, summary_of
from workspace.http.openapi.examples import example_of
from workspace.http.openapi.operation import operation_of

TOLD = description(bare_app().routes, root="")
FOUND = list(operations(bare_app().routes))
CALLS = [(path, method, told) for path, methods in TOLD["paths"].items() for method, told in methods.items()]


def contents(value: Any) -> list[dict[str, Any]]:
    """Return every body or answer that is told of, wherever it stands."""
    if isinstance(value, list):
        return [found for part in value for found in contents(part)]
    if not isinstance(value, dict):
        return []
    own = [value] if "schema" in value and "example" in value and "in" not in value else []
    return own + [found for key, part in value.items() if key != "example" for found in contents(part)]


def test_every_route_is_described_and_no_other() -> None:
    real = {
        (route.path.replace(":path}", "}"), method) for route in (*API, *OPERATIONS) for method in route.methods or ()
    }
    real = {(path, method.lower()) for path, method in real if method != "HEAD"}
    more = {("/w/{ws}/{slashes}", "get"), ("/admin/", "get"), ("/static/assets/{file}", "get")}
    assert {(path, method) for path, method, _ in CALLS} == real | more


def test_every_operation_has_a_sentence_a_name_and_answers() -> None:
    names = [told["operationId"] for *_, told in CALLS]
    assert len(set(names)) == len(names)
    assert {"blobs_create", "blobs_index", "blobs_show", "blobs_put", "blobs_delete"} <= set(names)
    assert "blobs" in {one["name"] for one in TOLD["tags"]}
    assert not any("routes" in name for name in names), "a folder's routes go by its name"
    for path, method, told in CALLS:
        assert re.fullmatch(r"[`A-Z].*\.", told["summary"]), (method, path, told["summary"])
        assert not told["summary"].startswith("`GET"), (method, path)
        assert any(status < "400" for status in told["responses"]), (method, path)
        declared = {one["name"] for one in told["parameters"] if one.get("in") == "path"}
        assert declared == set(re.findall(r"\{(\w+)\}", path)), path


def test_every_reference_leads_somewhere_and_nothing_stands_there_for_nobody() -> None:
    used = set(re.findall(r'"#/components/(\w+/[^"]+)"', json.dumps(TOLD)))
    there = {f"{kind}/{name}" for kind, named in TOLD["components"].items() for name in named}
    assert {one for one in there if not one.startswith("securitySchemes")} == used


def test_every_example_is_of_its_schema() -> None:
    found = contents(TOLD)
    assert len(found) > 100
    for one in found:
        schema = {**one["schema"], "components": TOLD["components"]}
        jsonschema_rs.validate(schema, one["example"])


def test_an_example_of_another_schema_is_noticed() -> None:
    one = TOLD["paths"]["/api/workspaces/{ws}/tokens"]["post"]["requestBody"]["content"]["application/json"]
    schema = {**one["schema"], "components": TOLD["components"]}
    for wrong in ({"role": "editor"}, {**one["example"], "more": 1}, {**one["example"], "actor": 5}):
        with pytest.raises(jsonschema_rs.ValidationError):
            jsonschema_rs.validate(schema, wrong)


@pytest.mark.parametrize(
    "kind", dict.fromkeys(reply.kind for *_, told in FOUND for reply in told.answers if reply.kind is not None)
)
def test_an_example_of_an_answer_has_no_field_too_many(kind: Any) -> None:
    assert fault_of_value(example_of(kind), kind) == ""


def test_an_example_of_a_body_is_read_as_it_stands() -> None:
    bodies = [told.body for *_, told in FOUND if told.body is not None and told.body.kind is not bytes]
    assert len(bodies) > 15
    for body in bodies:
        assert fault_of_value(body.example, body.kind) == ""
        assert unknown_field({**body.example, "~": 1}, body.kind)


def test_a_body_that_is_a_file_is_of_any_kind() -> None:
    told = TOLD["paths"]["/api/workspaces/{ws}/blobs"]["post"]
    assert told["requestBody"] == {"required": True, "content": {"*/*": {}}}
    assert "415" not in told["responses"], "a file is no JSON"


def test_a_body_of_which_nothing_must_be_given_may_be_left_out() -> None:
    paths = TOLD["paths"]
    assert not paths["/api/workspaces/{ws}/stop"]["put"]["requestBody"]["required"]
    assert paths["/api/workspaces/{ws}/fork"]["post"]["requestBody"]["required"]


def test_a_summary_is_the_first_line_without_the_route() -> None:
    def handler() -> None:
        """`GET …/x?a=1`: who is here."""

    assert summary_of(handler) == "Who is here."


@pytest.mark.parametrize(
    ("status", "media", "body", "fault"),
    [
        (200, "application/json", b'{"oidc": null}', ""),
        (200, "application/json", b'{"oidc": 5}', "Expected `str | null`"),
        (200, "application/json", b'{"oidc": null, "more": 1}', "no field 'more'"),
        (200, "text/plain", b"x", "of the type 'text/plain'"),
        (204, "", b"", "no answer of this status"),
        (400, "application/problem+json", b'{"code": "unknown_parameter"}', ""),
        (400, "application/problem+json", b'{"code": "exists"}', "'exists' is not described"),
        (418, "application/problem+json", b"", "no problem of this status"),
    ],
)
def test_an_answer_that_is_not_described_is_noticed(status: int, media: str, body: bytes, fault: str) -> None:
    handler = next(route.endpoint for route in API if route.path == "/api/sign-in/ways")
    operation = operation_of(handler)
    assert operation is not None
    found = fault_of(operation, status, media, body)
    assert fault in found
    assert bool(found) == bool(fault)
