"""`/v1/messages` and `/v1/messages/count_tokens` from a script, over real sockets, streaming and failing as told.

Input tokens are a quarter of the request's characters; a prefix seen before under `cache_control` counts as read from
the cache. `GET /scripted/calls` lists what was asked.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from agent.scripted.scenario import ReplyScript, Scenario, Script, words_of
from crdt.digest import Json, canonical

CHUNK_POINTS = 12
BODY_BYTES_MAX = 16 << 20
CALLS_KEPT = 10_000
TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}
Answerer = Callable[[dict[str, Any]], ReplyScript | None]
Listener = Callable[[str, dict[str, Any]], Awaitable[None]]


class Dropped(Exception):
    """The connection is closed in the middle, on purpose."""


class ScriptedModel:
    """The server's state: its script, what was asked, which prefixes were seen. `listen` hears calls come and go."""

    def __init__(self, scenario: Scenario | None = None, *, answerer: Answerer | None = None) -> None:
        self.answerer = answerer or Script(scenario or Scenario()).answer
        self.calls: list[dict[str, Any]] = []
        self.count = 0
        self.listen: Listener | None = None
        self._prefixes: set[str] = set()
        self._ids = 0
        self.app = Starlette(
            routes=[
                Route("/v1/messages", self.messages, methods=["POST"]),
                Route("/v1/messages/count_tokens", self.count_tokens, methods=["POST"]),
                Route("/scripted/calls", self.asked),
            ]
        )

    async def asked(self, _: Request) -> Response:
        """`GET /scripted/calls`: every request so far."""
        return JSONResponse({"count": self.count, "calls": self.calls})

    async def count_tokens(self, request: Request) -> Response:
        """`POST /v1/messages/count_tokens`."""
        body = await _body(request)
        return JSONResponse({"input_tokens": _tokens(body)}) if body is not None else _error(400, "no JSON object")

    async def messages(self, request: Request) -> Response:
        """`POST /v1/messages`: the scripted answer, whole or streamed, or the scripted failure."""
        body = await _body(request)
        if body is None or not isinstance(body.get("messages"), list):
            return _error(400, "the body is no request")
        self.count += 1
        if len(self.calls) < CALLS_KEPT:
            self.calls.append(body)
        if self.listen is not None:
            await self.listen("asked", body)
        reply = self.answerer(body)
        if reply is None:
            return _error(400, f"nothing is scripted for: {words_of(body['messages'][-1:])[:300]}")
        if reply.latency_ms:
            await asyncio.sleep(reply.latency_ms / 1000)
        if reply.error and reply.error_after < 0:
            return _error(reply.error, reply.text or "scripted", type_=reply.error_type, retry_after=reply.retry_after)
        events = self._events(body, reply)
        if not body.get("stream"):
            return JSONResponse(_message(events))
        return StreamingResponse(self._stream(body, reply, events), media_type="text/event-stream")

    async def _stream(
        self, body: dict[str, Any], reply: ReplyScript, events: list[dict[str, Any]]
    ) -> AsyncIterator[bytes]:
        for at, event in enumerate(events):
            if at == reply.cut_after:
                return
            if at == reply.drop_after:
                raise Dropped("dropped as scripted")
            if at == reply.error_after:
                error = {"type": reply.error_type or TYPES.get(reply.error, "api_error"), "message": "scripted"}
                yield _sse({"type": "error", "error": error})
                return
            if reply.stall_ms and at == len(events) // 2:
                await asyncio.sleep(reply.stall_ms / 1000)
            if reply.token_ms and event["type"] == "content_block_delta":
                await asyncio.sleep(reply.token_ms / 1000)
            yield _sse(event)
        if self.listen is not None:
            await self.listen("answered", body)

    def _events(self, body: dict[str, Any], reply: ReplyScript) -> list[dict[str, Any]]:
        """Return the events of an answer, as the Messages API streams them."""
        blocks: list[dict[str, Any]] = [{"type": "text", "text": reply.text}] if reply.text else []
        for call in reply.tools:
            self._ids += 1
            blocks.append({"type": "tool_use", "id": f"toolu_{self._ids:06d}", "name": call.name, "input": call.input})
        usage = {**self._usage(body), **reply.usage}
        written = reply.usage.get("output_tokens", sum(len(canonical(block)) for block in blocks) // 4 + 8)
        message = {
            "id": f"msg_{self.count:06d}", "type": "message", "role": "assistant", "model": body.get("model", ""),
            "content": [], "stop_reason": None, "stop_sequence": None, "usage": {**usage, "output_tokens": 1},
        }  # fmt: skip
        events: list[dict[str, Any]] = [{"type": "message_start", "message": message}]
        for at, block in enumerate(blocks):
            events += _block_events(at, block, is_malformed=reply.malformed)
        stop = reply.stop_reason or ("tool_use" if reply.tools else "end_turn")
        events.append(
            {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None},
             "usage": {"output_tokens": written}}
        )  # fmt: skip
        return [*events, {"type": "message_stop"}]

    def _usage(self, body: dict[str, Any]) -> dict[str, int]:
        """Return the input tokens, those of prefixes that were marked and sent before counted as cached."""
        parts = [body.get("system"), body.get("tools"), *body["messages"]]
        digest, sizes, longest, at = hashlib.sha256(), [], 0, 0
        is_cached = b"cache_control" in canonical(body.get("system") or "")
        for part in parts:
            content = _plain(part)
            digest.update(content)
            at += len(content)
            sizes.append((digest.hexdigest(), at))
        if is_cached:
            longest = max((size for name, size in sizes if name in self._prefixes), default=0)
            self._prefixes.update(name for name, _ in sizes)
        fresh = at - longest
        usage = {"input_tokens": max(1, fresh // 4), "cache_read_input_tokens": longest // 4}
        return usage if is_cached else {"input_tokens": max(1, at // 4)}


def _plain(part: Any) -> bytes:
    """Return a part without its cache marks: they move from turn to turn."""
    return (
        canonical(part)
        .replace(b'"cache_control":{"type":"ephemeral"},', b"")
        .replace(b',"cache_control":{"type":"ephemeral"}', b"")
    )


def _block_events(at: int, block: dict[str, Any], *, is_malformed: bool) -> list[dict[str, Any]]:
    start: dict[str, Any]
    if block["type"] == "text":
        start, kind, name, words = {"type": "text", "text": ""}, "text_delta", "text", block["text"]
    else:
        start, kind, name = {**block, "input": {}}, "input_json_delta", "partial_json"
        words = json.dumps(block["input"], ensure_ascii=False)
        words = words[: max(1, len(words) // 2)] if is_malformed else words
    chunks = [words[i : i + CHUNK_POINTS] for i in range(0, len(words), CHUNK_POINTS)]
    deltas = [{"type": "content_block_delta", "index": at, "delta": {"type": kind, name: chunk}} for chunk in chunks]
    opened = {"type": "content_block_start", "index": at, "content_block": start}
    return [opened, *deltas, {"type": "content_block_stop", "index": at}]


def _message(events: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the events as one whole message, for requests that do not stream."""
    message = dict(events[0]["message"])
    for event in events[1:]:
        if event["type"] == "content_block_start":
            message["content"] = [*message["content"], {**event["content_block"]}]
        elif event["type"] == "content_block_delta":
            block, delta = message["content"][event["index"]], event["delta"]
            name = "text" if delta["type"] == "text_delta" else "_json"
            block[name] = block.get(name, "") + (delta.get("text") or delta.get("partial_json") or "")
        elif event["type"] == "message_delta":
            message["stop_reason"] = event["delta"]["stop_reason"]
            message["usage"] = {**message["usage"], **event["usage"]}
    for block in message["content"]:
        if "_json" in block:
            block["input"] = json.loads(block.pop("_json"))
    return message


def _sse(event: dict[str, Any]) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()


def _error(status: int, text: str, *, type_: str = "", retry_after: float | None = None) -> Response:
    headers = {"retry-after": f"{retry_after:g}"} if retry_after is not None else {}
    error: Json = {"type": type_ or TYPES.get(status, "api_error"), "message": text}
    return JSONResponse({"type": "error", "error": error}, status, headers)


async def _body(request: Request) -> dict[str, Any] | None:
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > BODY_BYTES_MAX:
            return None
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _tokens(body: dict[str, Any]) -> int:
    return max(1, sum(len(canonical(body.get(name))) for name in ("system", "tools", "messages")) // 4)
