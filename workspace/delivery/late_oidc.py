"""The client of an issuer that is loaded with the first sign-in: most servers never need one, nor its libraries."""

from __future__ import annotations

import asyncio
from typing import Any

from workspace.access import Claims
from workspace.errors import SignInFailed
from workspace.late import load
from workspace.settings import Settings

CALLBACK = "/api/sign-in/done"


class LateIssuer:
    """`workspace.delivery.oidc.Issuer`, loaded beside the loop when somebody signs in."""

    def __init__(self, settings: Settings) -> None:
        assert settings.oidc_issuer, "who has no issuer has no client of one"
        self._settings = settings
        self._made: Any = None

    @property
    def name(self) -> str:
        """How people call it: "Sign in with …"."""
        return self._settings.oidc_name or self._settings.oidc_issuer.partition("://")[2]

    async def begin(self, *, state: str, nonce: str, verifier: str) -> str:
        """Return where somebody is sent. Raises `SignInFailed`."""
        where: str = await (await self._issuer()).begin(state=state, nonce=nonce, verifier=verifier)
        return where

    async def finish(self, *, code: str, issuer: str, nonce: str, verifier: str, now: float) -> Claims:
        """Return who came back, by the code they came with. Raises `SignInFailed`."""
        found: Claims = await (await self._issuer()).finish(
            code=code, issuer=issuer, nonce=nonce, verifier=verifier, now=now
        )
        return found

    async def _issuer(self) -> Any:
        if self._made is None:
            try:
                module = await asyncio.to_thread(load, "workspace.delivery.oidc")
            except ImportError as error:
                raise SignInFailed("signing in needs another package: pip install 'folkmoot[oidc]'") from error
            have = self._settings
            self._made = module.Issuer(
                have.oidc_issuer, client=have.oidc_client, secret=have.oidc_secret, callback=f"{have.url}{CALLBACK}"
            )
        return self._made
