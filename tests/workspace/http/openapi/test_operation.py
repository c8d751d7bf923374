"""What a handler says of itself is said once, is found by it, and has a status for every code."""

from __future__ import annotations

import pytest

from tests.support.app import bare_app
from workspace.http.openapi.description import operations
from workspace.http.openapi.operation import ANY, ASKED, BODIED, CHANGES, Parameter, Reply, describe, operation_of
from workspace.http.problem import STATUS


def test_a_handler_is_described_once() -> None:
    def handler() -> None:
        raise AssertionError("nobody calls it")

    assert operation_of(handler) is None
    assert describe(Reply(200, "x"), takes=(Parameter("n", "n"),), refuses=("exists",))(handler) is handler
    operation = operation_of(handler)
    assert operation is not None
    assert operation.query == ("n",)
    assert {*ANY, *ASKED["workspace"], "exists"} == set(operation.codes)
    with pytest.raises(AssertionError, match="described once"):
        describe(Reply(200, "y"))(handler)


def test_every_code_has_a_status() -> None:
    said = {code for *_, operation in operations(bare_app().routes) for code in operation.codes}
    assert said <= set(STATUS)
    assert {*BODIED, *CHANGES} <= said
    # These are of a method that a path does not have, which no handler answers.
    assert set(STATUS) - said == {"method_not_allowed", "sign_in_over", "login_taken"}


def test_what_changes_something_is_refused_to_foreign_pages_and_what_reads_is_not() -> None:
    for path, method, _, operation in operations(bare_app().routes):
        assert ("foreign_origin" in operation.codes) == (method != "GET"), (method, path)


@pytest.mark.parametrize(
    ("told", "schema"),
    [
        (Parameter("n", "n"), {"type": "string"}),
        (Parameter("n", "n", low=1, high=9, default=3), {"type": "integer", "minimum": 1, "maximum": 9, "default": 3}),
        (Parameter("n", "n", words=("a", "b")), {"type": "string", "enum": ["a", "b"]}),
    ],
)
def test_a_parameter_is_a_number_a_word_or_a_text(told: Parameter, schema: dict[str, object]) -> None:
    assert told.schema() == schema
