"""The headers that every answer carries, whoever made it: a route, an error, a redirect, a file. Values only.

What is said here holds for what will be added later, too: a header is set around the application, unless the answer has
one of its own. `tests/workspace/http/test_headers.py` walks every route and every file.
"""

from __future__ import annotations

import re

from starlette.types import Message, Scope, Send

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self'; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# What is no page loads nothing, and is shown in nobody's frame.
CSP_OF_OTHERS = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
# vite names a file by a hash of what is in it: under one name there is never anything else.
HASHED = re.compile(r"/static/assets/[^/]+-[A-Za-z0-9_-]{8,}\.[a-z0-9]+")
FOR_EVER, ASK_AGAIN, NEVER = b"public, max-age=31536000, immutable", b"no-cache", b"no-store"
NOT_MODIFIED = 304


def with_headers(scope: Scope, send: Send) -> Send:
    """Return a `send` that completes the head of the answer to an HTTP request."""
    path = scope["path"].removeprefix(scope.get("root_path", ""))

    async def complete(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = completed(path, message["status"], list(message.get("headers", ())))
        await send(message)

    return complete


def completed(path: str, status: int, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers of an answer with those that every answer has; `path` is what was asked for."""
    kept = {name.lower(): value for name, value in headers}
    more = list(ALWAYS)
    is_page = kept.get(b"content-type", b"").startswith(b"text/html")
    # A 304 has no type, and its headers take the place of those that are kept with the file: it says nothing of this.
    if status != NOT_MODIFIED:
        more.append((b"content-security-policy", (CSP if is_page else CSP_OF_OTHERS).encode()))
    if b"set-cookie" in kept:
        # Whoever keeps a copy would give one person's cookie to another.
        headers = [(name, value) for name, value in headers if name.lower() != b"cache-control"]
        kept.pop(b"cache-control", None)
        more.append((b"cache-control", NEVER))
    else:
        more.append((b"cache-control", _kept_for(path, status)))
    assert all(name == name.lower() for name, _ in more), "names are compared in small letters"
    return [*headers, *((name, value) for name, value in more if name not in kept)]


def _kept_for(path: str, status: int) -> bytes:
    """Return how long a copy may be kept: for ever where the name is a hash, never what may be somebody's."""
    if status not in (200, 206, NOT_MODIFIED) or not path.startswith("/static/"):
        return NEVER
    return FOR_EVER if HASHED.fullmatch(path) else ASK_AGAIN
