"""The client of an issuer is loaded with the first sign-in, and says which package is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.issuer import CLIENT, SECRET, issuer
from workspace.delivery import late_oidc
from workspace.delivery.late_oidc import LateIssuer
from workspace.errors import SignInFailed
from workspace.settings import Settings


async def test_it_is_the_one_it_loads_and_is_called_as_it_is_told() -> None:
    async with issuer() as said:
        settings = Settings(oidc_issuer=said.url, oidc_client=CLIENT, oidc_secret=SECRET, url="http://127.0.0.1:1")
        late = LateIssuer(settings)
        assert late.name == said.url.removeprefix("http://")
        where = await late.begin(state="s", nonce="n", verifier="v" * 64)
        assert where.startswith(f"{said.url}/authorize?")
        assert "redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fapi%2Fsign-in%2Fdone" in where


async def test_without_its_package_it_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise ImportError("no authlib")

    monkeypatch.setattr(late_oidc, "load", missing)
    with pytest.raises(SignInFailed, match=r"pip install 'folkmoot\[oidc\]'"):
        await LateIssuer(Settings(oidc_issuer="https://a.example")).begin(state="s", nonce="n", verifier="v")


def test_a_server_where_nobody_signs_in_so_has_no_such_library() -> None:
    code = "import sys, workspace.app; print({'authlib', 'joserfc', 'cryptography'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
