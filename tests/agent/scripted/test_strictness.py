"""What the real API refuses, the scripted one refuses in its words; what the real one takes, it takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.scripted.strictness import problem, redacted_by, signature_of
from tests.support.model import reply, scripted_model, use

Body = dict[str, Any]
TOOL = {"name": "view", "input_schema": {"type": "object", "properties": {}}}
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": signature_of("m", "hm")}
CALL = {"type": "tool_use", "id": "t1", "name": "view", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "ok"}]}
WORDS = {"type": "text", "text": "words"}
MARK = {"cache_control": {"type": "ephemeral"}}


def talk(*answer: Any, then: tuple[Any, ...] = (RESULT,), **more: Any) -> Body:
    """Return a request of three messages: a question, an answer, what follows it."""
    messages = [
        {"role": "user", "content": [WORDS]},
        {"role": "assistant", "content": list(answer or (CALL,))},
        {"role": "user", "content": list(then)},
    ]
    return {"model": "m", "max_tokens": 9, "tools": [TOOL], "messages": messages, **more}


def ask(**more: Any) -> Body:
    """Return the plainest request."""
    return {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}], **more}


FINE = [
    ask(),
    ask(system="be brief", temperature=0.5),
    talk(),
    talk(WORDS, CALL, then=(RESULT, WORDS)),
    talk(THOUGHT, CALL),
    talk({"type": "redacted_thinking", "data": redacted_by("m", "xx")}, CALL),
    talk(tool_choice={"type": "tool", "name": "view"}, system=[{**WORDS, **MARK}]),
    talk(then=({**RESULT, "content": "ok", "is_error": True},)),
    talk(then=({"type": "tool_result", "tool_use_id": "t1"},)),
    ask(messages=[{"role": "user", "content": "one"}, {"role": "user", "content": "two"}]),
]
BAD: list[tuple[Body, str]] = [
    (ask(model=""), "model: Field required"),
    ({k: v for k, v in ask().items() if k != "max_tokens"}, "max_tokens: Field required"),
    (ask(max_tokens=0), "greater than or equal to 1"),
    (ask(max_tokens="9"), "valid integer"),
    (ask(max_tokens=True), "valid integer"),
    (ask(max_tokens=200_000), "200000 > 128000, which is the maximum allowed number of output tokens"),
    (ask(temperature=1.5), "temperature: range: 0..1"),
    (ask(system=[{"type": "text", "text": ""}]), "system: text content blocks must be non-empty"),
    (ask(system=[{"type": "text", "text": "", **MARK}]), "cache_control cannot be set for empty text blocks"),
    (ask(system=[THOUGHT]), "system.0.type"),
    (ask(messages=[]), "messages: at least one message is required"),
    ({k: v for k, v in ask().items() if k != "messages"}, "messages: Field required"),
    (ask(messages="hello"), "valid list"),
    (ask(messages=[{"role": "system", "content": "x"}]), 'Unexpected role "system"'),
    (ask(messages=[{"role": "assistant", "content": "x"}]), 'first message must use the "user" role'),
    (ask(messages=[{"role": "user", "content": []}]), "must have non-empty content"),
    (ask(messages=[{"role": "user", "content": ""}]), "must be non-empty"),
    (ask(messages=[{"role": "user", "content": " \n"}]), "must contain non-whitespace text"),
    (ask(messages=[{"role": "user", "content": "x", "model": "m"}]), "messages.0.model: Extra inputs"),
    (ask(messages=[*ask()["messages"], {"role": "assistant", "content": "I"}]), "must end with a user message"),
    (talk({"type": "text", "text": ""}, CALL), "text content blocks must be non-empty"),
    (talk({"type": "text", "text": "\n\n"}, CALL), "must contain non-whitespace text"),
    (talk({"type": "thinking", "thinking": "hm"}, CALL), "thinking.signature: Field required"),
    (talk({**THOUGHT, "signature": "sig"}, CALL), "Invalid `signature` in `thinking` block"),
    (talk({**THOUGHT, "thinking": "hm!"}, CALL), "Invalid `signature` in `thinking` block"),
    (talk(THOUGHT, CALL, model="other"), "Invalid `signature` in `thinking` block"),
    (talk({"type": "redacted_thinking", "data": redacted_by("other")}, CALL), "Invalid `data`"),
    (talk(THOUGHT, then=(WORDS,)), "The final block in an assistant message cannot be `thinking`"),
    (talk({"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}}, CALL), "Input tag"),
    (talk({**CALL, "odd": ["x"]}), "messages.1.content.0.tool_use.odd: Extra inputs are not permitted"),
    (talk({**CALL, "input": [1]}), "Input should be a valid dictionary"),
    (talk({**CALL, "id": "functions.view:0"}), "tool_use.id: String should match pattern"),
    (talk({**CALL, "name": "view it"}), "tool_use.name: String should match pattern"),
    (talk(CALL, CALL), "`tool_use` ids must be unique"),
    (talk(then=(WORDS,)), "`tool_use` ids were found without `tool_result` blocks immediately after: t1"),
    (talk(then=(WORDS, RESULT)), "`tool_use` ids were found without `tool_result` blocks immediately after"),
    (talk(then=(RESULT, RESULT)), "each tool_use must have a single result"),
    (talk(then=(RESULT, {**RESULT, "tool_use_id": "t2"})), "unexpected `tool_use_id` found"),
    (talk(then=({**RESULT, "content": [{"type": "text", "text": ""}]},)), "must be non-empty"),
    (talk(then=(RESULT, CALL)), "`tool_use` blocks may only be in `assistant` messages"),
    (talk(RESULT), "`tool_result` blocks may only be in `user` messages"),
    (talk(tools=[]), "must define tools"),
    (talk(tools=[TOOL, TOOL]), "Tool names must be unique"),
    (talk(tools=[{**TOOL, "name": "view it"}]), "tools.0.custom.name"),
    (talk(tools=[{"name": "view"}]), "input_schema"),
    (talk(tool_choice={"type": "tool", "name": "edit"}), "Tool 'edit' not found in provided tools"),
    (talk(tool_choice={"type": "always"}), "tool_choice: Input tag"),
    (ask(tool_choice={"type": "any"}), "may only be specified while providing tools"),
    (ask(messages=[{"role": "user", "content": [{**WORDS, **MARK}] * 5}]), "A maximum of 4 blocks with cache_control"),
]


@pytest.mark.parametrize("body", FINE)
def test_what_the_api_takes_is_taken(body: Body) -> None:
    assert problem(body) == ""


@pytest.mark.parametrize(("body", "words"), BAD, ids=lambda value: value if isinstance(value, str) else "")
def test_what_the_api_refuses_is_refused_in_its_words(body: Body, words: str) -> None:
    assert words in problem(body)


NAMES = st.sampled_from(
    [
        "model",
        "max_tokens",
        "messages",
        "role",
        "content",
        "type",
        "text",
        "tools",
        "name",
        "input",
        "id",
        "tool_use_id",
    ]
)
WORDS_OF_THE_API = st.sampled_from(["m", "user", "assistant", "text", "tool_use", "tool_result", "thinking", "x", ""])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 9) | WORDS_OF_THE_API,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(
    messages=st.lists(st.dictionaries(NAMES, JSON, max_size=4) | JSON, max_size=3), more=st.dictionaries(NAMES, JSON)
)
def test_whatever_is_sent_is_judged(messages: list[Any], more: Body) -> None:
    assert isinstance(problem({**ask(messages=messages), **more}), str)


def test_a_count_needs_no_bound_of_the_answer() -> None:
    body = {k: v for k, v in ask().items() if k != "max_tokens"}
    assert problem(body, is_count=True) == ""
    assert "greater" not in problem(ask(max_tokens=0), is_count=True)


def _nan(body: Body) -> bytes:
    return json.dumps({**body, "temperature": float("nan")}).encode()


def _half(body: Body) -> bytes:
    return json.dumps({**body, "system": "\ud83d"}).encode()


@pytest.mark.parametrize(
    ("encode", "words"),
    [(_nan, "not valid JSON"), (_half, "no low surrogate in string"), (lambda _: b"[]", "no JSON object")],
)
async def test_what_is_no_json_is_refused_before_any_script(encode: Callable[[Body], bytes], words: str) -> None:
    async with scripted_model([reply(use("view"))]) as model, httpx2.AsyncClient() as client:
        for path in ("messages", "messages/count_tokens"):
            answer = await client.post(f"{model.url}/v1/{path}", content=encode(ask()))
            assert answer.status_code == 400
            assert words in answer.json()["error"]["message"]
        assert model.scripted.count == 0
        assert len(model.scripted.refused) == 1


async def test_a_refused_request_uses_up_no_reply() -> None:
    async with scripted_model([reply(use("view"), times=1)]) as model, httpx2.AsyncClient() as client:
        url = f"{model.url}/v1/messages"
        assert (await client.post(url, json=ask(max_tokens=0))).status_code == 400
        answer = (await client.post(url, json=ask())).json()
        assert answer["content"] == [{"type": "tool_use", "id": "toolu_000001", "name": "view", "input": {}}]


async def test_rare_blocks_and_headers_are_acted_as_written() -> None:
    script = [
        {"when": {"turn": 1}, "times": 1, "error": 429, "retry_after": 12},
        {"when": {"turn": 1}, "times": 1, "error": 529, "retry_after_date": 30},
        {"when": {"turn": 1}, "times": 1, "error": 503, "retry_after_ms": 250},
        {"when": {"turn": 1}, "block": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": ""}],
         "tool": [{"name": "view", "input": {"a": 1}}], "no_usage": True},
    ]  # fmt: skip
    async with scripted_model(script) as model, httpx2.AsyncClient() as client:
        url = f"{model.url}/v1/messages"
        answers = [await client.post(url, json=ask()) for _ in range(4)]
    assert answers[0].headers["retry-after"] == "12"
    assert answers[1].headers["retry-after"].endswith("GMT")
    assert answers[2].headers["retry-after-ms"] == "250"
    last = answers[3].json()
    thought = {"type": "thinking", "thinking": "hm", "signature": signature_of("m", "hm")}
    assert last["content"][:2] == [thought, {"type": "text", "text": ""}]
    assert last["content"][2]["input"] == {"a": 1}
    assert last["usage"] == {}
