"""Any server that speaks the Anthropic Messages API, through its SDK. Loaded late: the SDK takes seconds to import.

The SDK's own retries are off, because an attempt nobody sees is an attempt nobody accounts. Events are assembled by
`agent.gateway.assembly`, since the SDK takes a cut stream for a whole one and reports errors in mid-stream as status
200.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import anthropic
import httpx2

from agent.gateway.assembly import Assembly, StreamPart
from agent.gateway.backoff import retry_after
from agent.gateway.call import Call, CallFailed, Reply
from agent.gateway.repair import clean
from workspace.intents.model.calls import CallOutcome

CONNECT_SECONDS = 10.0
STALL_SECONDS = 30.0
CALL_SECONDS_MAX = 110.0
DETAIL_POINTS_MAX = 300
# Every error type of the SDK and, where there is no type, every status: `docs/model-answers.md`.
BY_TYPE: dict[str, CallOutcome] = {
    "overloaded_error": "overloaded",
    "rate_limit_error": "rate_limited",
    "timeout_error": "timeout",
    "authentication_error": "unauthorised",
    "permission_error": "unauthorised",
    "billing_error": "unauthorised",
    "not_found_error": "unauthorised",
    "request_too_large": "too_long",
    "api_error": "server_error",
    "invalid_request_error": "malformed",
    "conflict_error": "server_error",
    "memory_precondition_failed_error": "malformed",
    "memory_path_conflict_error": "malformed",
}
BY_STATUS: dict[int, CallOutcome] = {
    401: "unauthorised", 402: "unauthorised", 403: "unauthorised", 404: "unauthorised",
    408: "timeout", 409: "server_error", 413: "too_long", 429: "rate_limited", 499: "timeout", 504: "timeout",
    529: "overloaded",
}  # fmt: skip
TOO_LONG = ("too long", "too large", "context window", "context length", "maximum context")


class AnthropicProvider:
    """`agent.gateway.provider.Provider` on the `anthropic` SDK. A call is bounded by stall and in all, in seconds."""

    def __init__(
        self,
        *,
        api_key: str | None,
        base_url: str | None,
        stall_seconds: float = STALL_SECONDS,
        call_seconds_max: float = CALL_SECONDS_MAX,
    ) -> None:
        self._client = anthropic.AsyncAnthropic(
            api_key=api_key or "none",
            base_url=base_url,
            max_retries=0,
            timeout=httpx2.Timeout(call_seconds_max, connect=CONNECT_SECONDS),
        )
        self._stall_seconds = stall_seconds
        self._call_seconds_max = call_seconds_max

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def send(self, call: Call, model: str, assembly: Assembly, on_part: Callable[[StreamPart], None]) -> Reply:
        """Return the whole answer of one model. Raises `CallFailed`."""
        try:
            async with asyncio.timeout(self._call_seconds_max):
                await self._stream(call, model, assembly, on_part)
        except TimeoutError as error:
            raise CallFailed("timeout", "the model took too long") from error
        except anthropic.AnthropicError as error:
            raise failed_of(error) from error
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            detail = f"the connection broke: {type(error).__name__}"
            raise CallFailed("cut", detail) from error
        except (ValueError, TypeError) as error:
            raise CallFailed("malformed", f"unreadable stream: {error}") from error
        return assembly.reply()

    async def _stream(self, call: Call, model: str, assembly: Assembly, on_part: Callable[[StreamPart], None]) -> None:
        async with await self._begin(call, model) as stream:
            events = aiter(stream)
            while True:
                async with asyncio.timeout(self._stall_seconds):
                    event = await anext(events, None)
                if event is None:
                    return
                part = assembly.feed(event.to_dict(warnings=False))
                if part is not None:
                    on_part(part)

    async def _begin(self, call: Call, model: str) -> Any:
        assert call.messages, "the API refuses a conversation without a message"
        assert call.messages[-1]["role"] == "user", "the API refuses an answer that the client begins"
        assert call.tokens_max >= 1, "the API refuses an answer without room"
        more: dict[str, Any] = {}
        if call.tools:
            more["tools"] = _cached(list(call.tools))
        if call.tool_choice:
            more["tool_choice"] = call.tool_choice
        messages = [*call.messages[:-1], *({**m, "content": _cached(m["content"])} for m in call.messages[-1:])]
        async with asyncio.timeout(self._stall_seconds):
            return await self._client.messages.create(
                model=model,
                max_tokens=call.tokens_max,
                system=[{"type": "text", "text": call.system, "cache_control": {"type": "ephemeral"}}],
                messages=messages,  # type: ignore[arg-type]
                stream=True,
                **more,
            )


def _cached(blocks: Any) -> Any:
    """Mark the last of some blocks as the end of a prefix worth caching."""
    if not isinstance(blocks, list) or not blocks or not isinstance(blocks[-1], dict):
        return blocks
    return [*blocks[:-1], {**blocks[-1], "cache_control": {"type": "ephemeral"}}]


def failed_of(error: anthropic.AnthropicError) -> CallFailed:
    """Return an SDK error as one of our kinds; an error in mid-stream has status 200 and tells by its type."""
    detail = str(clean(str(error)))[:DETAIL_POINTS_MAX]
    match error:
        case anthropic.APITimeoutError():
            return CallFailed("timeout", "the model took too long")
        case anthropic.APIConnectionError():
            return CallFailed("unreachable", f"the model server cannot be reached: {detail}")
        case anthropic.APIResponseValidationError():
            return CallFailed("malformed", detail)
        case anthropic.APIError():
            kind = _kind(getattr(error, "status_code", 0), _type_of(error), detail)
            response = getattr(error, "response", None)
            wait = retry_after(response.headers, time.time()) if response is not None else None
            return CallFailed(kind, detail, retry_after=wait)
        case anthropic.CredentialsError():
            return CallFailed("unauthorised", detail)
    return CallFailed("server_error", detail)


def _kind(status: int, type_: str, detail: str) -> CallOutcome:
    if type_ in ("", "invalid_request_error") and any(word in detail.lower() for word in TOO_LONG):
        return "too_long"
    if type_ in BY_TYPE:
        return BY_TYPE[type_]
    if status in BY_STATUS:
        return BY_STATUS[status]
    return "malformed" if 400 <= status < 500 else "server_error"


def _type_of(error: anthropic.APIError) -> str:
    body = error.body
    inner = body.get("error") if isinstance(body, dict) else None
    found = inner.get("type") if isinstance(inner, dict) else body.get("type") if isinstance(body, dict) else None
    return found if isinstance(found, str) else ""
