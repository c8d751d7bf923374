"""HTTP: paths, methods, parameters, bodies, headers, connections that take their time."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from tests.hostile.attack import WS, Attack, LowRole, Program

GETS = (
    "documents", "documents/plan", "documents/old", "documents/old?format=update", "documents/old?format=text",
    "documents/plan?at=1", "attribution/plan", "attribution/old", "log", "log?first=1&limit=1000", "log?follow=true",
    "members", "tokens", "access", "invitations", "verify", "intents", "intents?at=1", "inbox", "effects",
    "usage", "stop",
)  # fmt: skip
ODD_PATHS = (
    "WS/documents/" + "a" * 4_000, "WS/documents/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "WS/documents/%00",
    "WS/documents/%ff%fe",
    "WS/documents/a//b", "WS/intents/" + "9" * 2_000, "WS/calls/%F0%9F%98%80", "/api/workspaces/" + "x" * 2_000,
    "/api/workspaces/..%2fother", "/static/../../etc/passwd", "/w/" + "%41" * 1_000, "//api//workspaces//same",
    "WS/log?first=-1", "WS/log?first=99999999999999999999", "WS/log?limit=1e9", "WS/documents/plan?at=-1",
    "WS/documents/plan?at=9999999999", "WS/documents/plan?format=" + "x" * 500, "WS/intents?wait=NaN", "/metrics",
    "/openapi.json",
)  # fmt: skip
METHODS = ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW")
BODIES: dict[str, Any] = {
    "an empty body": b"",
    "half a body": b'{"text": "do',
    "900 KB of brackets": b"[" * 900_000,
    "900 KB of one text": json.dumps({"text": "x" * 900_000}).encode(),
    "2 MB": b" " * 2_000_000,
    "40,000 keys": json.dumps({f"k{at}": at for at in range(40_000)}).encode(),
    "a number of 100,000 digits": b'{"n": ' + b"9" * 100_000 + b"}",
    "bytes that are no UTF-8": b"\xff" * 50_000,
    "unknown fields": b'{"text": "do", "__proto__": {}, "constructor": 1}',
}
HEADERS: dict[str, dict[str, str]] = {
    "a token of 8 KB": {"authorization": "Bearer " + "f" * 8_000},
    "a token that is none": {"authorization": "Bearer fm_000000000000_00000000000000000000000000000000"},
    "another scheme": {"authorization": "Basic YTpi"},
    "cookies of 30 KB": {"cookie": "; ".join(f"c{at}={'x' * 100}" for at in range(280))},
    "an idempotency key of 10 KB": {"idempotency-key": "k" * 10_000},
    "another origin": {"origin": "https://evil.example", "host": "evil.example"},
    "ranges": {"range": "bytes=" + ",".join(f"{at}-{at + 1}" for at in range(1_000))},
    "encodings": {"accept-encoding": "gzip;q=1.0, " * 500},
}
POST = b"POST /api/workspaces/same/intents HTTP/1.1\r\nHost: x\r\n"
UPGRADE = b"GET /ws/same/plan HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
HEAD = b"GET /api/workspaces/same HTTP/1.1\r\nHost: x\r\n"
RAW: dict[str, tuple[list[bytes], float]] = {
    "nothing at all": ([], 0.0),
    "half a line": ([b"GET /api"], 0.5),
    "a head without an end": ([HEAD, *[b"X-A: " + b"y" * 1_000 + b"\r\n"] * 200], 0.0),
    "a head byte by byte": ([bytes([byte]) for byte in HEAD], 0.1),
    "a length that lies": ([POST + b"Content-Length: 900000\r\n\r\n{"], 0.5),
    "chunks without an end": ([POST + b"Transfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * 500], 0.0),
    "a chunk of 2^60": ([POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n"], 0.0),
    "another protocol": ([b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500], 0.0),
    "requests in one breath": ([(HEAD + b"\r\n") * 500], 0.0),
    "a handshake with odd keys": ([UPGRADE + b"Sec-WebSocket-Key: \xff\r\nSec-WebSocket-Version: 99\r\n\r\n"], 0.0),
}  # fmt: skip


def programs() -> list[Program]:
    found = [Program(f"GET {path}, over and over", "requests", "viewer", _asking("GET", f"WS/{path}")) for path in GETS]
    found.append(Program("a tour of odd paths", "requests", "viewer", _tour))
    found.append(Program("guesses of invitations, sign-ins and keys", "requests", "viewer", _guesses))
    found += [Program(f"{method} everywhere", "requests", "viewer", _method(method)) for method in METHODS]
    for name, body in BODIES.items():
        role: LowRole = "commenter" if len(body) % 2 else "editor"
        found.append(
            Program(
                f"POST intents: {name}",
                "requests",
                role,
                _asking("POST", "WS/intents", content=body, headers={"content-type": "application/json"}),
            )
        )
    for name, headers in HEADERS.items():
        found.append(Program(f"headers: {name}", "requests", "viewer", _asking("GET", "WS", headers=headers)))
    found += [Program(f"bytes: {name}", "requests", "viewer", _raw(*parts)) for name, parts in RAW.items()]
    found.append(Program("replay and redact", "requests", "editor", _asking("POST", "WS/replay", json={})))
    found.append(Program("300 connections that say nothing", "requests", "viewer", _silent))
    found.append(Program("handshakes, over and over", "requests", "viewer", _handshakes))
    return found


def _asking(method: str, path: str, **more: Any) -> Callable[[Attack], Awaitable[None]]:
    async def run(attack: Attack) -> None:
        await attack.ask(method, path, **more)

    return run


async def _guesses(attack: Attack) -> None:
    """Guess invitations, begin sign-ins, ask for what one holds: all that whoever is not known may do."""
    key = "fi_000000000000_" + "0" * 32
    tried = itertools.cycle(
        [
            ("POST", "/api/invitation", {"json": {"invitation": key}}),
            ("POST", "/api/invitation/accept", {"json": {"invitation": key, "name": "x" * 64}}),
            ("POST", "/api/invitation/accept", {"json": {"invitation": "x" * 100_000, "name": ""}}),
            ("GET", "/api/sign-in?ws=same", {}),
            ("GET", "/api/sign-in/done?state=" + "x" * 4_000 + "&code=y", {}),
            ("GET", "/api/sessions?ws=same", {}),
            ("DELETE", "/api/sessions/000000000000?ws=same", {}),
            ("PATCH", "/api/me?ws=same", {"json": {"colour": "#112233"}}),
        ]
    )
    await attack.ask_each(tried)


async def _tour(attack: Attack) -> None:
    await attack.ask_each(("GET", path, {}) for path in itertools.cycle(ODD_PATHS))


def _method(method: str) -> Callable[[Attack], Awaitable[None]]:
    async def run(attack: Attack) -> None:
        paths = itertools.cycle([f"WS/{path}" for path in GETS] + list(ODD_PATHS))
        await attack.ask_each((method, path, {"content": b"{}"}) for path in paths)

    return run


def _raw(parts: list[bytes], pause: float) -> Callable[[Attack], Awaitable[None]]:
    async def run(attack: Attack) -> None:
        await attack.raw(parts, pause=pause)

    return run


async def _silent(attack: Attack) -> None:
    host, port = attack.url.removeprefix("http://").split(":")
    opened = []
    with suppress(OSError):
        for _ in range(300):
            opened.append(await asyncio.open_connection(host, int(port)))
            attack.sent += 1
    await asyncio.sleep(max(0.0, attack.seconds - 1))
    for _, writer in opened:
        writer.close()


async def _handshakes(attack: Attack) -> None:
    async def one() -> None:
        while not attack.is_over:
            with suppress(OSError):
                async with attack.socket(attack.chance.choice(("plan", "none", WS, ""))):
                    attack.sent += 1

    await asyncio.gather(*(one() for _ in range(8)), return_exceptions=True)
