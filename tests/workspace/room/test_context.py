"""The parts of a room are a tree: whatever a room hands down, none of it holds the room."""

from __future__ import annotations

from types import MethodType
from typing import Any

from tests.workspace.room.stage import stage
from workspace.room.room import Room


def attributes(part: object) -> dict[str, Any]:
    names = [name for kind in type(part).__mro__ for name in getattr(kind, "__slots__", ())]
    return {name: getattr(part, name) for name in names if hasattr(part, name)} | getattr(part, "__dict__", {})


async def test_no_part_of_a_room_holds_the_room() -> None:
    async with stage() as one:
        seen, open_parts = set[int](), [(name, part) for name, part in vars(one.room).items()]
        looked_at = set[str]()
        while open_parts:
            path, part = open_parts.pop()
            if id(part) in seen or not type(part).__module__.startswith(("workspace.room", "workspace.workers")):
                continue
            seen.add(id(part))
            looked_at.add(type(part).__name__)
            for name, value in attributes(part).items():
                assert not isinstance(value, Room), f"{path}.{name}"
                # What a part calls is bound to the room; what it reads is not.
                if not isinstance(value, MethodType):
                    open_parts.append((f"{path}.{name}", value))
        assert {"Hub", "Commands", "LogFollow", "OutputGate", "Mailbox", "Dispatcher", "Inbox"} <= looked_at
