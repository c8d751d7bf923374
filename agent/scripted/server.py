"""`/v1/messages` and `/v1/messages/count_tokens` from a script, over real sockets, streaming and failing as told.

Input tokens are a quarter of the request's characters; a prefix seen before under `cache_control` counts as read from
the cache. `GET /scripted/calls` lists what was asked. Requests that the real API refuses are refused
(`agent.scripted.strictness`) before any script is looked at, so that no test sends what nobody would answer.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from agent.scripted.scenario import ReplyScript, Scenario, Script, words_of
from agent.scripted.stream import events_of, message_of, sse
from agent.scripted.strictness import problem
from crdt.digest import Json, canonical

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
    """The server's state: its script, what was asked, which prefixes were seen. `listen` hears calls come and go.

    `refused` holds why requests were not taken; they count as no call, since nobody pays for them.
    """

    def __init__(self, scenario: Scenario | None = None, *, answerer: Answerer | None = None) -> None:
        self.answerer = answerer or Script(scenario or Scenario()).answer
        self.calls: list[dict[str, Any]] = []
        self.refused: list[str] = []
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
        return JSONResponse({"count": self.count, "calls": self.calls, "refused": self.refused})

    async def count_tokens(self, request: Request) -> Response:
        """`POST /v1/messages/count_tokens`."""
        body = await _body(request, is_count=True)
        return body if isinstance(body, Response) else JSONResponse({"input_tokens": _tokens(body)})

    async def messages(self, request: Request) -> Response:
        """`POST /v1/messages`: the scripted answer, whole or streamed, or the scripted failure."""
        body = await _body(request)
        if isinstance(body, Response):
            self.refused.append(json.loads(bytes(body.body))["error"]["message"])
            return body
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
            words = reply.text or "scripted"
            return _error(reply.error, words, type_=reply.error_type, headers=_headers(reply))
        events = self._events(body, reply)
        if not body.get("stream"):
            return JSONResponse(message_of(events))
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
                yield sse({"type": "error", "error": error})
                return
            if reply.stall_ms and at == len(events) // 2:
                await asyncio.sleep(reply.stall_ms / 1000)
            if reply.token_ms and event["type"] == "content_block_delta":
                await asyncio.sleep(reply.token_ms / 1000)
            yield sse(event)
        if self.listen is not None:
            await self.listen("answered", body)

    def _events(self, body: dict[str, Any], reply: ReplyScript) -> list[dict[str, Any]]:
        """Return the events of an answer, as the Messages API streams them."""
        usage = {} if reply.no_usage else {**self._usage(body), **reply.usage}
        message = {
            "id": f"msg_{self.count:06d}", "type": "message", "role": "assistant", "model": body.get("model", ""),
            "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage,
        }  # fmt: skip
        return events_of(message, reply, self._next_id)

    def _next_id(self) -> str:
        self._ids += 1
        return f"toolu_{self._ids:06d}"

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
        assert fresh >= 0, "a prefix is not longer than the whole"
        usage = {"input_tokens": max(1, fresh // 4), "cache_read_input_tokens": longest // 4}
        return usage if is_cached else {"input_tokens": max(1, at // 4)}


def _plain(part: Any) -> bytes:
    """Return a part without its cache marks: they move from turn to turn."""
    return (
        canonical(part)
        .replace(b'"cache_control":{"type":"ephemeral"},', b"")
        .replace(b',"cache_control":{"type":"ephemeral"}', b"")
    )


def _headers(reply: ReplyScript) -> dict[str, str]:
    """Return the headers that say how long to wait, in each of their forms."""
    headers = {}
    if reply.retry_after is not None:
        headers["retry-after"] = f"{reply.retry_after:g}"
    if reply.retry_after_date is not None:
        then = datetime.now(UTC) + timedelta(seconds=reply.retry_after_date)
        headers["retry-after"] = format_datetime(then, usegmt=True)
    if reply.retry_after_ms is not None:
        headers["retry-after-ms"] = f"{reply.retry_after_ms:g}"
    return headers


def _error(status: int, text: str, *, type_: str = "", headers: dict[str, str] | None = None) -> Response:
    error: Json = {"type": type_ or TYPES.get(status, "api_error"), "message": text}
    return JSONResponse({"type": "error", "error": error}, status, headers)


async def _body(request: Request, *, is_count: bool = False) -> dict[str, Any] | Response:
    """Return a request's body, or why it is refused."""
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > BODY_BYTES_MAX:
            return _error(413, "Request exceeds the maximum size")
    try:
        body = json.loads(raw, parse_constant=_refuse)
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return _error(400, "The request body is not valid JSON: no low surrogate in string")
    except (ValueError, RecursionError) as error:
        return _error(400, f"The request body is not valid JSON: {error}")
    if not isinstance(body, dict):
        return _error(400, "The request body is no JSON object")
    why = problem(body, is_count=is_count)
    return _error(400, why) if why else body


def _refuse(name: str) -> None:
    raise ValueError(f"unexpected character: {name}")


def _tokens(body: dict[str, Any]) -> int:
    return max(1, sum(len(canonical(body.get(name))) for name in ("system", "tools", "messages")) // 4)
