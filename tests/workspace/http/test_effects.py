"""What commits have sent, or still have to, over HTTP: the newest first, with what became of each."""

from __future__ import annotations

from pathlib import Path

from agent.builtin.planner import BuiltinPlanner
from tests.support.http import WS, client_of
from tests.support.server import running_server
from workspace.settings import Settings


async def test_effects_are_listed_newest_first_with_what_became_of_them(tmp_path: Path) -> None:
    settings = Settings(mail=str(tmp_path))
    async with running_server(planner=BuiltinPlanner(), settings=settings) as server:
        async with client_of(server, "olga", "owner") as client:
            assert (await client.get(f"{WS}/effects")).json() == []
            letters = {"letters": {"kind": "mail", "address": "folkmoot@example.org", "effect_class": "reversible"}}
            await client.put(f"{WS}/config", json={"receivers": letters})
            for name in ("one", "two"):
                order = {"text": f'mail "zoe@example.org" subject "{name}" saying "Hello."'}
                await client.post(f"{WS}/intents?wait=20", json=order)
            listed = (await client.get(f"{WS}/effects")).json()
            assert len(listed) == 2
            assert [effect["args"]["subject"] for effect in listed] == ["two", "one"]
