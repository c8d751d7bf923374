"""An issuer of OpenID Connect on loopback: says of whoever comes who they are, and can be made to lie in every way.

It holds what it must to: PKCE, the callback, the client's secret and one use of each code are checked, so that a
client that leaves one out is refused.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import time
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

import uvicorn
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.support.until import until

CLIENT, SECRET = "folkmoot", "a secret: with / and ü"


@dataclass
class TestIssuer:
    """What the issuer says next. `claims` are laid over the true ones, `header` over the token's."""

    __test__ = False

    url: str
    user: dict[str, Any] = field(
        default_factory=lambda: {"sub": "1", "name": "Zoë", "email": "z@a.example", "email_verified": True}
    )
    claims: dict[str, Any] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    discovery: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    padding: int = 0
    signs_with: str = "own"
    keys: list[Any] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)

    def new_key(self) -> None:
        """Sign with another key from now on, and publish only that."""
        self.keys[:] = [ECKey.generate_key("P-256", {"kid": secrets.token_hex(4), "use": "sig"})]

    async def described(self, _: Request) -> Response:
        self.fetched.append("discovery")
        found = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "pad": "x" * self.padding,
        }
        return JSONResponse({**found, **self.discovery})

    async def published(self, _: Request) -> Response:
        self.fetched.append("keys")
        return JSONResponse(KeySet(self.keys).as_dict(private=False))

    async def authorize(self, request: Request) -> Response:
        question = dict(request.query_params)
        self.asked.append(question)
        assert question["response_type"] == "code"
        assert question["code_challenge_method"] == "S256"
        code = secrets.token_hex(8)
        self.codes[code] = question
        back = {"code": code, "state": question["state"], **self.answer}
        return RedirectResponse(f"{question['redirect_uri']}?{urlencode(back)}", 302)

    async def token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        who = b64decode(
            request.headers.get("authorization", "Basic ").split()[1] if "authorization" in request.headers else ""
        )
        question = self.codes.pop(form.get("code", ""), None)
        is_right = (
            question is not None
            and [unquote(part) for part in who.decode().split(":")] == [CLIENT, SECRET]
            and form.get("redirect_uri") == question["redirect_uri"]
            and create_s256_code_challenge(form.get("code_verifier", "")) == question["code_challenge"]
        )
        if not is_right or question is None:
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        told = {
            "iss": self.url,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": question["nonce"],
            **self.user,
            **self.claims,
        }
        told = {name: value for name, value in told.items() if name not in self.without}
        return JSONResponse({"access_token": "at", "token_type": "Bearer", "id_token": self.signed(told)}, self.status)

    def signed(self, told: dict[str, Any]) -> str:
        own = self.keys[0]
        match self.signs_with:
            case "another's":
                return jwt.encode({"alg": "ES256", "kid": own.kid}, told, ECKey.generate_key("P-256"))
            case "none":
                return jwt.encode({"alg": "none"}, told, OctKey.import_key("x"), algorithms=["none"])
            case "the client's secret":
                return jwt.encode({"alg": "HS256"}, told, OctKey.import_key(SECRET * 3), algorithms=["HS256"])
            case "its public key":
                public = own.as_pem(private=False)
                return jwt.encode(
                    {"alg": "HS256", "kid": own.kid}, told, OctKey.import_key(public.hex()), algorithms=["HS256"]
                )
            case "noise":
                return "not.a.token"
        return jwt.encode({"alg": "ES256", "kid": own.kid}, told, own)


@asynccontextmanager
async def issuer() -> AsyncIterator[TestIssuer]:
    """Serve an issuer on a free port until the block is left."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    made = TestIssuer(f"http://127.0.0.1:{listener.getsockname()[1]}")
    made.new_key()
    app = Starlette(
        routes=[
            Route("/.well-known/openid-configuration", made.described),
            Route("/keys", made.published),
            Route("/authorize", made.authorize),
            Route("/token", made.token, methods=["POST"]),
        ]
    )
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    server.config.setup_event_loop = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await until(lambda: server.started or serving.done())
    try:
        yield made
    finally:
        server.should_exit = True
        await serving
