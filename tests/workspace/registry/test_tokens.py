"""A token counts for its workspace, until it is revoked or has run out; a wrong secret never does."""

from __future__ import annotations

import pytest

from tests.workspace.room.stage import HandClock
from workspace.ports import TokenRow, WorkspaceRow
from workspace.registry import tokens
from workspace.registry.tokens import FRESH_SECONDS, AccessTokens
from workspace.store.memory import MemoryStore


class CountingStore(MemoryStore):
    """Counts how often a token is looked up."""

    looked_up = 0

    async def token(self, id: str) -> TokenRow | None:
        self.looked_up += 1
        return await super().token(id)


@pytest.fixture
async def store() -> CountingStore:
    made = CountingStore()
    for ws in ("w", "v"):
        await made.create_workspace(WorkspaceRow(ws, ws, "now"))
    return made


async def test_a_token_is_whose_it_was_made_for_in_its_workspace_alone(store: CountingStore) -> None:
    access = AccessTokens(store, HandClock())
    token, server = (
        await access.make("w", actor="ana", role="editor"),
        await access.make(None, actor="op", role="owner"),
    )
    identity = await access.identify(token, "w")
    assert identity is not None
    assert (identity.actor, identity.role) == ("ana", "editor")
    assert await access.identify(token, "v") is None
    assert await access.identify(token, None) is None
    assert all([await access.identify(server, ws) for ws in ("w", "v", None)])


async def test_only_its_hash_is_kept(store: CountingStore) -> None:
    token = await AccessTokens(store, HandClock()).make("w", actor="ana", role="editor")
    (row,) = await store.tokens("w")
    assert token.rpartition("_")[2] not in repr(row)


async def test_a_wrong_secret_counts_for_nobody_however_lately_the_right_one_did(store: CountingStore) -> None:
    access = AccessTokens(store, HandClock())
    token = await access.make("w", actor="ana", role="editor")
    assert await access.identify(token, "w")
    assert await access.identify(token[:-1] + ("0" if token[-1] != "0" else "1"), "w") is None
    assert [await access.identify(bad, "w") for bad in (None, "", "fm_", "x" * 5_000)] == [None] * 4


async def test_it_is_looked_up_once_in_two_seconds(store: CountingStore) -> None:
    clock = HandClock()
    access = AccessTokens(store, clock)
    token = await access.make("w", actor="ana", role="editor")
    for passed, expected in ((0.0, 1), (FRESH_SECONDS / 2, 1), (FRESH_SECONDS, 2), (-50.0, 3)):
        clock.at = 1_000.0 + passed
        assert await access.identify(token, "w")
        assert store.looked_up == expected, passed


async def test_a_revoked_token_counts_no_more_at_once_here_and_after_two_seconds_elsewhere(
    store: CountingStore,
) -> None:
    clock = HandClock()
    here, elsewhere = AccessTokens(store, clock), AccessTokens(store, clock)
    token = await here.make("w", actor="ana", role="editor")
    assert await here.identify(token, "w")
    assert await elsewhere.identify(token, "w")
    assert len(await here.revoke("w", actor="ana", token_id=None)) == 1
    assert await here.identify(token, "w") is None
    assert await elsewhere.identify(token, "w")
    clock.at += FRESH_SECONDS
    assert await elsewhere.identify(token, "w") is None


async def test_a_token_runs_out_at_its_time_though_it_was_looked_up_before(store: CountingStore) -> None:
    clock = HandClock()
    access = AccessTokens(store, clock)
    token = await access.make("w", actor="ana", role="editor", expires=clock.at + 1.0)
    assert await access.identify(token, "w")
    clock.at += 1.0
    assert await access.identify(token, "w") is None


async def test_guesses_push_nobody_out_and_what_is_kept_is_bounded(
    store: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "KEPT_MAX", 3)
    access = AccessTokens(store, HandClock())
    made = [await access.make("w", actor=f"p{at}", role="viewer") for at in range(7)]
    assert await access.identify(made[0], "w")
    for at in range(20):
        assert await access.identify(f"fm_{at + (1 << 40):012x}_{at:032x}", "w") is None
    looked_up = store.looked_up
    assert await access.identify(made[0], "w")
    assert store.looked_up == looked_up
    for token in made:
        assert await access.identify(token, "w")
        assert len(access._kept) <= 3
