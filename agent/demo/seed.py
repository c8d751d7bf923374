"""What a workspace to try things in holds: an event plan, a budget, three people."""

from __future__ import annotations

from crdt.digest import Json
from workspace.access import Identity
from workspace.http.content import NewDocument, first_edits
from workspace.intents.model.intent import Role
from workspace.registry.registry import RoomRegistry
from workspace.room.room import Room

DEMO, DEMO_NAME = "demo", "Spring gathering"
PEOPLE: tuple[tuple[str, Role], ...] = (("Ana", "owner"), ("Ben", "editor"), ("Chen", "editor"))
PLAN = """# Spring gathering

Welcome! This plan belongs to everybody in the room: write in it, or ask the agent beside it.

## Intro

Hi folks, it is that time of the year again. We meet on the hill, we eat, we decide what the year brings.

## Programme

Doors open at three.
A short walk, then the talks.
Dinner at seven, music until late.

## Guests

- Zoe
- Ben's sister
- Amal
- The choir

## Open questions

Who brings the tent?
"""
BUDGET: dict[str, Json] = {
    "food": 420,
    "travel": 300,
    "tent": 150,
    "ship_date": "2027-03-12",
    "helpers": ["Ana", "Ben", "Chen"],
}


async def seed(
    registry: RoomRegistry, ws: str = DEMO, *, people: tuple[tuple[str, Role], ...] = PEOPLE
) -> dict[str, str]:
    """Make the workspace where it is missing and return a fresh token for each person."""
    if await registry.store.workspace(ws) is None:
        room = await registry.create(ws, name=DEMO_NAME, actor="Ana", documents={"plan": "text", "budget": "data"})
        await write_seed(room)
    return {actor: await registry.tokens.make(ws, actor=actor, role=role) for actor, role in people}


async def write_seed(room: Room) -> None:
    """Write the plan and the budget as Ana would."""
    wanted = {"plan": NewDocument("text", PLAN), "budget": NewDocument("data", BUDGET)}
    assert room.sequencer.fold.kinds.keys() >= wanted.keys(), "documents are made before they are written"
    for edit in await first_edits(wanted, Identity("Ana", "owner"), room.clock):
        await room.submit(edit)
