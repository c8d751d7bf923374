"""Every answer of a server under test, held against what its handler says of itself: status, type, codes, fields.

What a test sees and the description does not say makes that test fail, as the server stops: no test asks for it.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from workspace.http.fields import unknown_field
from workspace.http.openapi.operation import PROBLEM, Operation, operation_of
from workspace.http.problem import STATUS

# What is longer, or goes on for ever, is looked at by its head alone.
BODY_BYTES_MAX = 64 << 10


class Described:
    """An application of which every answer is looked at; `faults` are those that no handler has described."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.faults: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        head: Message = {}
        body = bytearray()

        async def look(message: Message) -> None:
            if message["type"] == "http.response.start":
                head.update(message)
            elif len(body) <= BODY_BYTES_MAX:
                body.extend(message.get("body", b""))
            await send(message)

        await self._app(scope, receive, look)
        if head and "endpoint" in scope:
            self._hold(scope, head, bytes(body))

    def _hold(self, scope: Scope, head: Message, body: bytes) -> None:
        operation, status = operation_of(scope["endpoint"]), head["status"]
        if operation is None:
            fault: str = "it is not described"
        elif status == 405:
            fault = "" if b"allow" in dict(head["headers"]) else "it does not say which methods there are"
        else:
            media = dict(head["headers"]).get(b"content-type", b"").decode().partition(";")[0]
            fault = fault_of(operation, status, media, body if scope["method"] != "HEAD" else b"")
        if fault:
            self.faults.append(f"{scope['method']} {scope['path']} {status}: {fault} {body[:300]!r}")


def fault_of(operation: Operation, status: int, media: str, body: bytes) -> str:
    """Return in what an answer is not as its handler says, or an empty text. `body` is empty where it is not known."""
    if media == PROBLEM:
        return _problem_fault(operation, status, body)
    replies = [one for one in operation.answers if one.status == status]
    forms = {one.media or ("application/json" if one.kind is not None else "") for one in replies}
    if not replies or (media not in forms and "*/*" not in forms):
        return f"no answer of this status and of the type {media!r} is described"
    kinds = [one.kind for one in replies if one.kind is not None and media == "application/json"]
    if not kinds or not body or len(body) > BODY_BYTES_MAX:
        return ""
    value = json.loads(body)
    faults = [fault_of_value(value, kind) for kind in kinds]
    return "" if "" in faults else "; ".join(faults)


def fault_of_value(value: Any, kind: Any) -> str:
    """Return in what a value is not of a type, one field too many included; or an empty text."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        return str(error)
    return unknown_field(value, kind)


def _problem_fault(operation: Operation, status: int, body: bytes) -> str:
    if not body:
        return "" if status in {STATUS[code] for code in operation.codes} else "no problem of this status is described"
    code = json.loads(body)["code"]
    if code not in operation.codes:
        return f"the code {code!r} is not described"
    return "" if STATUS[code] == status else f"{code!r} is described as {STATUS[code]}"
