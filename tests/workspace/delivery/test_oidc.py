"""The client of an issuer by itself; what an issuer may say wrongly: `tests/workspace/http/test_sign_in.py`."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from tests.support.issuer import CLIENT, SECRET, issuer
from workspace.access import Claims
from workspace.delivery.oidc import Issuer
from workspace.errors import SignInFailed

CALLBACK = "http://127.0.0.1/api/sign-in/done"


async def test_somebody_is_sent_with_a_question_that_only_its_verifier_answers() -> None:
    async with issuer() as said:
        said.discovery = {"authorization_endpoint": f"{said.url}/authorize?tenant=a"}
        client = Issuer(said.url, client=CLIENT, secret=SECRET, callback=CALLBACK)
        where = urlsplit(await client.begin(state="s1", nonce="n1", verifier="v" * 64))
        question = {name: values[0] for name, values in parse_qs(where.query).items()}
        assert question == {
            "tenant": "a", "response_type": "code", "client_id": CLIENT, "redirect_uri": CALLBACK, "state": "s1",
            "nonce": "n1", "scope": "openid profile email", "code_challenge_method": "S256",
            "code_challenge": create_s256_code_challenge("v" * 64),
        }  # fmt: skip
        assert "v" * 64 not in where.query
        async with httpx2.AsyncClient() as browser:
            back = await browser.get(where.geturl())
        code = parse_qs(urlsplit(back.headers["location"]).query)["code"][0]
        with pytest.raises(SignInFailed) as told:
            await client.finish(code=code, issuer="", nonce="n1", verifier="w" * 64, now=time.time())
        assert not any(secret in str(told.value.reason) for secret in (SECRET, code, "w" * 64))


async def test_who_came_back_is_told_by_issuer_and_subject() -> None:
    async with issuer() as said:
        client = Issuer(said.url, client=CLIENT, secret=SECRET, callback=CALLBACK)
        async with httpx2.AsyncClient() as browser:
            back = await browser.get(await client.begin(state="s", nonce="n", verifier="v" * 64))
        code = parse_qs(urlsplit(back.headers["location"]).query)["code"][0]
        found = await client.finish(code=code, issuer=said.url, nonce="n", verifier="v" * 64, now=time.time())
        assert found == Claims(said.url, "1", "Zoë", "z@a.example")
