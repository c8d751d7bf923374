"""Every kind of answer has one example, and every example is of a kind that some route answers with."""

from __future__ import annotations

from typing import get_args, get_origin

from tests.support.app import bare_app
from workspace.http.openapi.description import operations
from workspace.http.openapi.examples import EXAMPLES, example_of
from workspace.http.openapi.people_answers import MemberNow


def test_there_is_one_for_each_kind_and_for_no_other() -> None:
    kinds = {reply.kind for *_, told in operations(bare_app().routes) for reply in told.answers if reply.kind}
    assert {get_args(kind)[0] if get_origin(kind) is list else kind for kind in kinds} == set(EXAMPLES)


def test_of_a_list_it_is_one_of_one() -> None:
    assert example_of(list[MemberNow]) == [example_of(MemberNow)]
