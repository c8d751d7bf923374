"""Signing in by an issuer: OpenID Connect with the authorization code, PKCE, state and nonce, and nothing else.

Nothing that the issuer says counts before it was checked: its own name, the signature by a key it publishes, for whom
and for which question the token is, and when. The clocks may differ by a minute. What is read of an answer is bounded
in bytes and time, no redirect is followed, and no secret or token stands in an error.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any
from urllib.parse import quote, urlencode

import httpx2
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from workspace.access import Claims
from workspace.errors import SignInFailed
from workspace.settings import is_safe_address

SECONDS_MAX = 10.0
ANSWER_BYTES_MAX = 256 << 10
SKEW_SECONDS = 60
# Whoever signs in does so now: a token that was made long ago is another sign-in's.
AGE_SECONDS_MAX = 600
FRESH_SECONDS = 3_600.0
# How soon the issuer's keys are asked for again for the sake of a key that is not among them.
KEYS_SECONDS_MIN = 60.0
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
SUBJECT_POINTS_MAX = 255
MAIL_POINTS_MAX = 254
SCOPE = "openid profile email"


class Issuer:
    """One issuer, by its address; what it publishes is asked for again each hour. `callback` is our address."""

    def __init__(self, issuer: str, *, client: str, secret: str, callback: str) -> None:
        self._issuer = issuer
        self._client = client
        self._secret = secret
        self._callback = callback
        self._described: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None
        self._asking = asyncio.Lock()

    async def begin(self, *, state: str, nonce: str, verifier: str) -> str:
        """Return the address to which somebody is sent to say who they are. Raises `SignInFailed`."""
        where = await self._place("authorization_endpoint")
        question = {
            "response_type": "code",
            "client_id": self._client,
            "redirect_uri": self._callback,
            "scope": SCOPE,
            "state": state,
            "nonce": nonce,
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
        }
        return f"{where}{'&' if '?' in where else '?'}{urlencode(question)}"

    async def finish(self, *, code: str, issuer: str, nonce: str, verifier: str, now: float) -> Claims:
        """Return who came back with `code`; `issuer` is whom the answer names, empty where it names none (RFC 9207).

        `now` is unix seconds. Raises `SignInFailed`.
        """
        if issuer and issuer != self._issuer:
            raise SignInFailed("another issuer answered")
        where = await self._place("token_endpoint")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._callback,
            "code_verifier": verifier,
        }
        # RFC 6749 §2.3.1: both are encoded as in a form before they are joined.
        who = httpx2.BasicAuth(quote(self._client, safe=""), quote(self._secret, safe=""))
        answer = await _ask("POST", where, data=form, auth=who)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise SignInFailed("the issuer gave no id_token")
        return self._checked(await self._decoded(token), answer, nonce=nonce, now=now)

    def _checked(self, token: jwt.Token, answer: dict[str, Any], *, nonce: str, now: float) -> Claims:
        assert nonce, "without a nonce it would not be asked for"
        options: Any = {
            "iss": {"essential": True, "value": self._issuer},
            "aud": {"essential": True, "value": self._client},
        }
        params = {"nonce": nonce, "client_id": self._client, "access_token": answer.get("access_token")}
        claims = CodeIDToken(token.claims, token.header, options=options, params=params)
        try:
            claims.validate(now=int(now), leeway=SKEW_SECONDS)
        except (JoseError, ValueError, TypeError) as error:
            raise SignInFailed(f"the issuer's token does not hold: {type(error).__name__} {_claim(error)}") from error
        if not now - AGE_SECONDS_MAX - SKEW_SECONDS <= claims["iat"] <= now + SKEW_SECONDS:
            raise SignInFailed("the issuer's token was not made for this sign-in")
        subject = claims["sub"]
        if not isinstance(subject, str) or not 1 <= len(subject) <= SUBJECT_POINTS_MAX:
            raise SignInFailed("the issuer names nobody")
        mail = claims.get("email") if claims.get("email_verified") is True else ""
        is_mail = isinstance(mail, str) and len(mail) <= MAIL_POINTS_MAX and mail.isprintable()
        names = (claims.get("name"), claims.get("preferred_username"))
        name = next((name for name in names if isinstance(name, str) and name.strip()), "")
        return Claims(self._issuer, subject, name.strip(), mail if is_mail and isinstance(mail, str) else "")

    async def _decoded(self, token: str) -> jwt.Token:
        """Return a token whose signature holds, by a key that the issuer publishes now."""
        for is_again in (False, True):
            keys = await self._published(is_again=is_again)
            try:
                return jwt.decode(token, keys, algorithms=ALGORITHMS)
            except (JoseError, ValueError, TypeError) as error:
                # A key that is not there may have been published since; a signature that is wrong stays so.
                if is_again:
                    raise SignInFailed(f"the issuer's token is not signed by it: {type(error).__name__}") from error
        raise AssertionError("the second time returns or raises")

    async def _published(self, *, is_again: bool) -> KeySet:
        async with self._asking:
            age = time.monotonic() - self._keys[0] if self._keys is not None else FRESH_SECONDS
            if self._keys is None or age >= (KEYS_SECONDS_MIN if is_again else FRESH_SECONDS):
                found = await _ask("GET", await self._place("jwks_uri"))
                try:
                    self._keys = time.monotonic(), _keys_of(found)
                except (JoseError, ValueError, TypeError, KeyError) as error:
                    raise SignInFailed(f"the issuer's keys cannot be read: {type(error).__name__}") from error
            return self._keys[1]

    async def _place(self, name: str) -> str:
        """Return one of the addresses that the issuer publishes of itself."""
        if self._described is None or time.monotonic() - self._described[0] >= FRESH_SECONDS:
            found = await _ask("GET", f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != self._issuer:
                raise SignInFailed("what answers at the issuer's address is another issuer")
            self._described = time.monotonic(), found
        where = self._described[1].get(name)
        if not isinstance(where, str) or not is_safe_address(where):
            raise SignInFailed(f"the issuer's {name} is no https:// address")
        return where


async def _ask(method: str, where: str, **more: Any) -> dict[str, Any]:
    """Return the JSON object that is answered. Raises `SignInFailed`; what was sent stands in no error."""
    limits = httpx2.Timeout(SECONDS_MAX)
    try:
        async with (
            asyncio.timeout(SECONDS_MAX),
            httpx2.AsyncClient(timeout=limits, follow_redirects=False, trust_env=False) as client,
            client.stream(method, where, headers={"accept": "application/json"}, **more) as answer,
        ):
            content = b""
            async for part in answer.aiter_bytes():
                content += part
                if len(content) > ANSWER_BYTES_MAX:
                    raise SignInFailed("the issuer's answer is too long")
        found = json.loads(content) if answer.status_code == 200 else None
    except (httpx2.HTTPError, TimeoutError, ValueError, RecursionError) as error:
        raise SignInFailed(f"the issuer does not answer: {type(error).__name__}", retry=True) from error
    if not isinstance(found, dict):
        raise SignInFailed(f"the issuer answered {answer.status_code}, and no JSON object")
    return found


def _keys_of(found: Any) -> KeySet:
    return KeySet.import_key_set(found)


def _claim(error: Exception) -> str:
    """Return which claim does not hold, never what stands in it."""
    claim = getattr(error, "claim", "")
    return claim if isinstance(claim, str) else ""
