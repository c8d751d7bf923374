"""The scripted model over real sockets: it answers, counts, caches and fails as told, and says what it was asked."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
import pytest

from tests.support.model import Model, scripted_model

BODY = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi there"}]}


async def post(model: Model, **more: Any) -> httpx2.Response:
    async with httpx2.AsyncClient(base_url=model.url, timeout=20) as client:
        return await client.post("/v1/messages", json={**BODY, **more})


def events(text: str) -> list[str]:
    return [line.removeprefix("event: ") for line in text.splitlines() if line.startswith("event: ")]


async def test_it_answers_whole_or_streamed_and_keeps_what_it_was_asked() -> None:
    async with scripted_model([{"text": "Hello."}]) as model:
        whole, streamed = await post(model), await post(model, stream=True)
        async with httpx2.AsyncClient(base_url=model.url) as client:
            asked = (await client.get("/scripted/calls")).json()
    assert whole.json()["content"] == [{"type": "text", "text": "Hello."}]
    assert events(streamed.text)[0] == "message_start"
    assert events(streamed.text)[-1] == "message_stop"
    assert (asked["count"], asked["refused"]) == (2, [])
    assert [call.get("stream") for call in asked["calls"]] == [None, True]


@pytest.mark.parametrize(
    ("script", "last"), [({"cut_after": 2}, "content_block_start"), ({"error_after": 1, "error": 529}, "error")]
)
async def test_a_stream_ends_where_it_was_told_to(script: dict[str, Any], last: str) -> None:
    async with scripted_model([{"text": "Hello.", **script}]) as model:
        streamed = await post(model, stream=True)
    assert events(streamed.text)[-1] == last


async def test_a_connection_that_is_dropped_is_no_whole_answer() -> None:
    async with scripted_model([{"text": "Hello.", "drop_after": 2}]) as model:
        with pytest.raises(httpx2.RemoteProtocolError):
            await post(model, stream=True)


@pytest.mark.parametrize(
    ("script", "header"), [({"retry_after": 7}, "retry-after"), ({"retry_after_ms": 1500}, "retry-after-ms")]
)
async def test_an_error_carries_its_type_and_how_long_to_wait(script: dict[str, Any], header: str) -> None:
    async with scripted_model([{"error": 429, **script}]) as model:
        answer = await post(model)
    assert answer.status_code == 429
    assert answer.json()["error"]["type"] == "rate_limit_error"
    assert float(answer.headers[header]) == next(iter(script.values()))


async def test_how_long_to_wait_may_be_a_date() -> None:
    async with scripted_model([{"error": 529, "retry_after_date": 90}]) as model:
        answer = await post(model)
    assert answer.json()["error"]["type"] == "overloaded_error"
    assert parsedate_to_datetime(answer.headers["retry-after"]).tzinfo is not None


async def test_a_prefix_that_was_marked_and_seen_is_read_from_the_cache() -> None:
    system = [{"type": "text", "text": "word " * 200, "cache_control": {"type": "ephemeral"}}]
    async with scripted_model([{"text": "x"}]) as model:
        usages = [(await post(model, system=system)).json()["usage"] for _ in range(2)]
        plain = (await post(model, system="word " * 200)).json()["usage"]
    assert usages[0]["cache_read_input_tokens"] == 0
    assert usages[1]["cache_read_input_tokens"] > 200
    assert usages[1]["input_tokens"] < usages[0]["input_tokens"]
    assert "cache_read_input_tokens" not in plain


@pytest.mark.long
async def test_what_nothing_is_scripted_for_and_what_is_too_large_is_refused() -> None:
    async with scripted_model([{"text": "x", "when": {"text": "never"}}]) as model:
        answer = await post(model)
        large = await post(model, messages=[{"role": "user", "content": "x" * (17 << 20)}])
        async with httpx2.AsyncClient(base_url=model.url) as client:
            count = await client.post("/v1/messages/count_tokens", json={k: BODY[k] for k in ("model", "messages")})
    assert (answer.status_code, large.status_code) == (400, 413)
    assert "nothing is scripted for: Hi there" in answer.json()["error"]["message"]
    assert count.json()["input_tokens"] > 0


async def test_whoever_listens_hears_a_call_come_and_go() -> None:
    heard: list[str] = []
    async with scripted_model([{"text": "x"}]) as model:

        async def listen(moment: str, body: dict[str, Any]) -> None:
            heard.append(f"{moment} {json.dumps(body['messages'])[:2]}")

        model.scripted.listen = listen
        await post(model, stream=True)
    assert [moment.split()[0] for moment in heard] == ["asked", "answered"]
