"""The real SDK over real sockets: what is sent, what comes back whole, and which kind each failure is.

What each error of the SDK means stands in `docs/model-answers.md`, held by `tests/agent/model/test_model_answers.py`.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from typing import Any

import pytest

from agent.gateway.assembly import Assembly, StreamPart
from agent.gateway.call import CallFailed
from agent.gateway.provider_anthropic import AnthropicProvider
from tests.agent.gateway.test_call import CALL
from tests.support.model import Model, reply, scripted_model, use

INSERT = use("insert", document="plan", insert_line=0, text="word " * 20)


def provider(model: Model, **more: float) -> AnthropicProvider:
    return AnthropicProvider(api_key="scripted", base_url=model.url, **more)


async def test_an_answer_comes_back_whole_while_its_parts_were_heard() -> None:
    heard: list[StreamPart] = []
    async with scripted_model([reply(INSERT, text="I write.")]) as model:
        own, assembly = provider(model), Assembly()
        whole = await own.send(CALL, "claude-haiku-5-5", assembly, heard.append)
        await own.close()
        (sent,) = model.scripted.calls
    assert [block["type"] for block in whole.content] == ["text", "tool_use"]
    assert whole.content[1]["input"] == INSERT["input"]
    assert whole.usage == assembly.counted
    assert whole.usage.read > 0
    assert heard[-1].tool == "insert"
    assert [len(one.text) for one in heard if one.kind == "tool_use"] == sorted(
        len(one.text) for one in heard if one.kind == "tool_use"
    )
    assert (sent["model"], sent["max_tokens"], sent["stream"]) == ("claude-haiku-5-5", 100, True)
    assert sent["tools"][-1]["cache_control"] == sent["system"][-1]["cache_control"] == {"type": "ephemeral"}
    assert sent["messages"][-1]["content"][-1]["cache_control"] == {"type": "ephemeral"}


@pytest.mark.long
@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ({"error": 429, "retry_after": 7}, "rate_limited"),
        ({"error": 529}, "overloaded"),
        ({"error": 500}, "server_error"),
        ({"error": 401}, "unauthorised"),
        ({"error": 529, "error_after": 2, "text": "half"}, "overloaded"),
        ({"text": "half an answer", "cut_after": 3}, "cut"),
        ({"text": "half an answer", "drop_after": 3}, "cut"),
        ({"tool": [INSERT], "malformed": True}, "malformed"),
        ({"text": "late", "stall_ms": 60_000}, "timeout"),
        ({"text": "no", "stop_reason": "refusal"}, "refused"),
    ],
)
async def test_each_failure_is_of_its_kind_and_is_tried_once(script: dict[str, Any], kind: str) -> None:
    async with scripted_model([script]) as model:
        own = provider(model, stall_seconds=1.0 if kind == "timeout" else 30.0)
        with pytest.raises(CallFailed) as raised:
            await own.send(CALL, "claude-haiku-5-5", Assembly(), lambda _: None)
        await own.close()
        assert model.scripted.count == 1, "the SDK's own retries are off: an attempt nobody sees is one nobody accounts"
    assert raised.value.kind == kind
    assert raised.value.retry_after == script.get("retry_after")


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        own = AnthropicProvider(api_key="scripted", base_url=url)
        with pytest.raises(CallFailed) as raised:
            await own.send(CALL, "claude-haiku-5-5", Assembly(), lambda _: None)
        await own.close()
    assert raised.value.kind == "unreachable"


async def test_a_call_that_is_cancelled_keeps_what_was_counted_until_then() -> None:
    async with scripted_model([{"text": "word " * 400, "token_ms": 20}]) as model:
        own, assembly, begun = provider(model), Assembly(), asyncio.Event()
        call = asyncio.create_task(own.send(CALL, "claude-haiku-5-5", assembly, lambda _: begun.set()))
        await begun.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await own.close()
    assert assembly.counted.read > 0
    assert assembly.billable(10, "cancelled").written > 0
    assert not assembly.is_whole


async def test_a_tool_that_must_be_used_is_sent_as_such() -> None:
    async with scripted_model([reply(use("view", document="plan"))]) as model:
        own = provider(model)
        forced = replace(CALL, tool_choice={"type": "tool", "name": "view"})
        await own.send(forced, "claude-haiku-5-5", Assembly(), lambda _: None)
        await own.close()
        assert model.scripted.calls[0]["tool_choice"] == {"type": "tool", "name": "view"}
        assert model.scripted.refused == []
