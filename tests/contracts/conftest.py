"""Every store in turn, opened, with a workspace `w`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from workspace.ports import Store, WorkspaceRow
from workspace.store.address import store_of
from workspace.store.memory import MemoryStore


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    match request.param:
        case "memory":
            made: Store = MemoryStore()
        case "sqlite":
            made = store_of(f"sqlite:///{tmp_path / 'deep' / 'a.sqlite'}")
        case _:
            made = store_of(request.getfixturevalue("postgres_url"))
    await made.open()
    await made.create_workspace(WorkspaceRow("w", "W", "now"))
    yield made
    await made.close()
