"""Errors as problems: a status and a stable code for each, whatever went wrong."""

from __future__ import annotations

import json

import pytest
from starlette.requests import Request

from crdt.errors import BrokenDocument
from tests.support.http import WS, http, problem
from workspace.errors import Refusal, StoreFault
from workspace.http.problem import STATUS, Problem, on_bug, on_fault, on_unreadable, refuse


@pytest.mark.parametrize("code", sorted(STATUS))
def test_every_code_is_a_problem_with_its_status(code: str) -> None:
    response = Problem(code, "Why.", remedy="What to do.").response()
    body = json.loads(bytes(response.body))
    assert response.status_code == body["status"] == STATUS[code]
    assert (body["code"], body["detail"], body["remedy"]) == (code, "Why.", "What to do.")
    assert response.media_type == "application/problem+json"
    assert ("retry-after" in response.headers) == (STATUS[code] in (429, 503))
    assert ("www-authenticate" in response.headers) == (STATUS[code] == 401)


def test_a_code_of_no_list_is_the_fault_of_the_request() -> None:
    assert Problem("never_heard_of", "Why.").status == 400
    assert "remedy" not in json.loads(bytes(Problem("gap", "Why.").response().body))


def test_a_refusal_is_told_with_its_words() -> None:
    with pytest.raises(Problem) as raised:
        refuse(Refusal("read_only", "The disk is full.", "Free some space."))
    assert (raised.value.status, raised.value.reason, raised.value.remedy) == (
        403,
        "The disk is full.",
        "Free some space.",
    )


async def test_faults_say_whether_to_try_again_and_bugs_name_nothing_of_the_inside() -> None:
    request = Request({"type": "http"})
    fault = json.loads(bytes((await on_fault(request, StoreFault("the disk is gone", retry=True))).body))
    assert (fault["code"], fault["remedy"]) == ("store_fault", "Try again shortly.")
    bug = json.loads(bytes((await on_bug(request, RuntimeError("secret of the inside"))).body))
    assert (bug["status"], bug["code"]) == (500, "internal")
    assert "secret" not in json.dumps(bug)
    broken = await on_unreadable(request, BrokenDocument("a panic"))
    assert json.loads(bytes(broken.body))["code"] == "document_broken"


async def test_unknown_paths_and_methods_are_problems_too() -> None:
    async with http() as (_, client):
        problem(await client.get("/api/nothing"), 404, "not_found")
        problem(await client.patch(f"{WS}/log"), 405, "method_not_allowed")
