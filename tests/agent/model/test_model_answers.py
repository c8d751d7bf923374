"""`docs/model-answers.md` has a row for everything the SDK has a type for, each with a test, and its kinds are true."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import anthropic
import httpx2
import pytest
from anthropic import _exceptions
from anthropic.types import ContentBlock, StopReason
from anthropic.types.raw_content_block_delta import RawContentBlockDelta
from anthropic.types.raw_content_block_start_event import RawContentBlockStartEvent
from anthropic.types.raw_message_stream_event import RawMessageStreamEvent
from anthropic.types.shared import ErrorObject, ErrorType

from agent.gateway.conversation import sendable
from agent.gateway.provider_anthropic import failed_of

ROOT = Path(__file__).parents[3]
SECTIONS = {
    title: [[cell.strip() for cell in row.strip("|").split("|")] for row in re.findall(r"^\|.*\|$", body, re.M)[2:]]
    for title, body in re.findall(
        r"^## (.*?)\n(.*?)(?=^## |\Z)", (ROOT / "docs" / "model-answers.md").read_text(), re.S | re.M
    )
}
REQUEST = httpx2.Request("POST", "http://127.0.0.1/v1/messages")


def names(section: str) -> set[str]:
    """Return what the rows of a section are about."""
    return {row[0].strip("`") for row in SECTIONS[section]}


def kinds(section: str) -> list[tuple[str, str]]:
    """Return the rows of a section that say a kind."""
    return [(row[0].strip("`"), row[1].strip("`")) for row in SECTIONS[section] if row[1].startswith("`")]


def members(union: Any) -> Iterator[Any]:
    """Yield the classes or literals of a union, however it is nested."""
    parts = get_args(union.__origin__ if hasattr(union, "__metadata__") else union)
    if parts and not isinstance(union, type):
        for part in parts:
            yield from members(part)
    else:
        yield union


def tags(union: Any) -> set[str]:
    """Return the `type` of each class of a union."""
    return {tag for model in members(union) for tag in get_args(model.model_fields["type"].annotation)}


def test_the_sdk_has_types_where_they_are_looked_for() -> None:
    assert {"end_turn", "max_tokens"} <= set(get_args(StopReason))
    assert {"text", "tool_use"} <= tags(ContentBlock)
    assert {"text_delta", "signature_delta"} <= tags(RawContentBlockDelta)
    assert {"message_start", "message_stop"} <= tags(RawMessageStreamEvent)
    assert {"rate_limit_error"} <= tags(ErrorObject) & set(get_args(ErrorType))
    assert len(_exceptions.__all__) > 20


@pytest.mark.parametrize(
    ("section", "types"),
    [
        ("Stop reasons", set(get_args(StopReason))),
        (
            "Content blocks",
            tags(ContentBlock) | tags(RawContentBlockStartEvent.model_fields["content_block"].annotation),
        ),
        ("Deltas", tags(RawContentBlockDelta)),
        ("Events of the stream", tags(RawMessageStreamEvent) | {"ping", "error"}),
        ("Errors by type", set(get_args(ErrorType)) | tags(ErrorObject)),
    ],
)
def test_every_type_of_the_sdk_has_its_row(section: str, types: set[str]) -> None:
    assert types - names(section) == set()


def exceptions() -> dict[str, type[BaseException]]:
    """Return every exception that the SDK may raise, by name; an old name of one is not counted twice."""
    found = {name: getattr(anthropic, name, None) or getattr(_exceptions, name, None) for name in dir(_exceptions)}
    return {
        kind.__name__: kind
        for kind in found.values()
        if isinstance(kind, type) and issubclass(kind, anthropic.AnthropicError)
    }


def test_every_exception_of_the_sdk_has_its_row() -> None:
    assert set(exceptions()) == names("Exceptions of the SDK")
    statuses = {str(code) for kind in exceptions().values() for code in [getattr(kind, "status_code", None)] if code}
    assert statuses - names("Errors by status") == set()


def test_every_row_names_a_test_that_there_is() -> None:
    known = {
        node.name
        for path in (ROOT / "tests" / "agent").rglob("test_*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    for section, rows in SECTIONS.items():
        assert rows, section
        for row in rows:
            assert len(row) == 3, row
            assert row[2].strip("`") in known, f"{section}: {row[0]} names no test: {row[2]}"


def failed(status: int, body: object) -> anthropic.APIError:
    """Return what the SDK raises for an answer."""
    client = anthropic.AsyncAnthropic(api_key="x", base_url="http://127.0.0.1")
    return client._make_status_error("so it is", body=body, response=httpx2.Response(status, request=REQUEST))


@pytest.mark.parametrize(("type_", "kind"), kinds("Errors by type"))
def test_every_error_type_is_of_the_kind_in_its_row(type_: str, kind: str) -> None:
    body = {"type": "error", "error": {"type": type_, "message": "so it is"}}
    for status in (200, 400, 500):  # in the middle of a stream the status is 200, and the type is all there is
        assert failed_of(failed(status, body)).kind == kind


@pytest.mark.parametrize(("status", "kind"), kinds("Errors by status"))
def test_every_status_is_of_the_kind_in_its_row(status: str, kind: str) -> None:
    assert failed_of(failed(int(status), None)).kind == kind
    assert failed_of(failed(int(status), {"error": "no"})).kind == kind


def test_a_status_that_nobody_listed_is_ours_below_500_and_theirs_above() -> None:
    assert failed_of(failed(418, None)).kind == "malformed"
    assert failed_of(failed(599, None)).kind == "server_error"


@pytest.mark.parametrize(("name", "kind"), kinds("Exceptions of the SDK"))
def test_every_exception_is_of_the_kind_in_its_row(name: str, kind: str) -> None:
    of = exceptions()[name]
    error: Any
    if issubclass(of, anthropic.APIStatusError):
        status = getattr(of, "status_code", 500)
        error = of("so it is", response=httpx2.Response(status, request=REQUEST), body=None)
    elif of is anthropic.APIResponseValidationError:
        error = of(httpx2.Response(200, request=REQUEST), None)  # type: ignore[call-arg]
    elif issubclass(of, anthropic.APITimeoutError):
        error = of(REQUEST)
    elif issubclass(of, anthropic.APIConnectionError):
        error = of(message="so it is", request=REQUEST)
    elif issubclass(of, anthropic.APIError):
        error = of("so it is", REQUEST, body=None)
    else:
        error = of("so it is")
    assert failed_of(error).kind == kind


def test_words_that_say_too_long_are_believed_where_the_type_says_nothing() -> None:
    body = {"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: 9 > 8"}}
    client = anthropic.AsyncAnthropic(api_key="x", base_url="http://127.0.0.1")
    error = client._make_status_error(str(body), body=body, response=httpx2.Response(400, request=REQUEST))
    assert failed_of(error).kind == "too_long"


@pytest.mark.parametrize("kind", sorted(tags(ContentBlock) - {"text", "thinking", "redacted_thinking", "tool_use"}))
def test_blocks_of_tools_that_run_elsewhere_are_never_sent_back(kind: str) -> None:
    odd = {"type": kind, "id": "s1", "tool_use_id": "s1", "name": "x", "input": {}, "content": [], "file_id": "f"}
    words = {"type": "text", "text": "words"}
    talk = [
        {"role": "user", "content": "begin"},
        {"role": "assistant", "content": [odd, words], "model": "m"},
        {"role": "user", "content": "go on"},
    ]
    assert sendable(talk, "m")[1]["content"] == [words]
