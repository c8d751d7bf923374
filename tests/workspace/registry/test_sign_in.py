"""Who went to an issuer and comes back, without one; the whole way: `tests/workspace/http/test_sign_in.py`."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.workspace.room.stage import HandClock
from workspace.access import Claims
from workspace.errors import Refusal, SignInFailed
from workspace.registry.attempts import Attempts
from workspace.registry.sign_in import AWAY_SECONDS, SignedIn, SignIns, name_of
from workspace.registry.tokens import AccessTokens
from workspace.store.memory import MemoryStore


class Honest:
    """Lets everybody in as the code says."""

    name = "Honest"
    is_down = False

    async def begin(self, *, state: str, nonce: str, verifier: str) -> str:
        return state

    async def finish(self, *, code: str, issuer: str, nonce: str, verifier: str, now: float) -> Claims:
        if self.is_down:
            raise SignInFailed("down")
        return Claims("https://a.example", code, "Zoë")


async def back(sign_ins: SignIns, state: str, mark: str, code: str = "1") -> SignedIn | Refusal:
    return await sign_ins.finish(state=state, mark=mark, code=code, issuer="", label="x", place="y")


async def test_who_was_too_long_away_comes_back_to_nothing_and_is_forgotten() -> None:
    store, clock = MemoryStore(), HandClock()

    async def tell(_: str, __: Sequence[str]) -> None: ...

    provider = Honest()
    sign_ins = SignIns(
        provider, store=store, clock=clock, tokens=AccessTokens(store, clock), changes=Attempts(clock), told=tell
    )
    begun = [await sign_ins.begin(ws="w") for _ in range(3)]
    (first, mark), (second, second_mark), (third, third_mark) = [one for one in begun if isinstance(one, tuple)]
    assert isinstance(await back(sign_ins, first, second_mark), Refusal), "another browser's mark"
    signed = await back(sign_ins, first, mark)
    assert isinstance(signed, SignedIn)
    assert signed.ws == "w"
    assert isinstance(await back(sign_ins, first, mark), Refusal), "once"
    provider.is_down = True
    with pytest.raises(SignInFailed):
        await back(sign_ins, second, second_mark)
    clock.at += AWAY_SECONDS
    assert isinstance(await back(sign_ins, third, third_mark), Refusal)
    provider.is_down = False
    await sign_ins.begin(ws="w")
    assert len(sign_ins._away) == 1
    assert len(await store.accesses(None)) == 2


def test_a_name_is_taken_over_where_it_may_be_one() -> None:
    assert name_of(Claims("i", "1", "Zoë", "")) == "Zoë"
    assert name_of(Claims("i", "1", "x" * 100, "")) == "x" * 64
    assert name_of(Claims("i", "1", "agent", "ana@a.example")) == "ana"
    assert name_of(Claims("i", "1", "a\nb", "")) == ""
