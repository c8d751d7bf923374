"""Two tones, one paragraph: the story that shows what this server is for, acted out over real sockets.

Ana and Ben ask for contradictory things within a second, neither having seen the other; Chen types in the same section
by hand. A question must exist before the agent writes there, nothing may be lost, one runs, the other is told why.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from agent.demo.seed import DEMO, seed
from agent.server import RunningServer, serving
from workspace.client import Message, RoomClient, connect
from workspace.client.document import DocumentClient, connect_document
from workspace.history.read import read_all
from workspace.intents.audit.verify import Report, verify
from workspace.intents.model.bodies import RecordKinds
from workspace.intents.model.intent import Role, States
from workspace.intents.state.replay import fold_log
from workspace.settings import Settings

PEOPLE: tuple[tuple[str, Role], ...] = (("Ana", "editor"), ("Ben", "editor"), ("Chen", "editor"))
LINE = "A short walk, then the talks."
FORMAL = "Guests are invited to a short walk, followed by the presentations."
CASUAL = "We stroll a bit, then chat, for example about the tent!"
TYPED = " (Chen: bring good shoes 👟)"
AFTER = "Doors open at three."
WAIT_SECONDS = 20.0

Narrate = Callable[[str, str], None]


@dataclass(slots=True)
class StoryResult:
    """How the story went: the checks by name, and what there is to show."""

    checks: list[tuple[str, bool]] = field(default_factory=list)
    asked: dict[str, Message] = field(default_factory=dict)
    question: Message = field(default_factory=dict)
    verdicts: dict[str, Message] = field(default_factory=dict)
    text: str = ""
    report: Report | None = None

    @property
    def is_good(self) -> bool:
        """True when every check holds."""
        return bool(self.checks) and all(holds for _, holds in self.checks)


async def tell(data: Path, narrate: Narrate, *, seed_number: int = 1, delay_ms: int = 250) -> StoryResult:
    """Act the story out on a fresh server in `data`, with random delays drawn from `seed_number`."""
    settings = Settings(port=0, database=f"sqlite:///{data / 'story.sqlite'}")
    async with serving(settings) as server:
        tokens = await seed(server.registry, people=PEOPLE)
        url = f"{server.ws_url}/ws/{DEMO}"
        async with (
            connect(url, token=tokens["Ana"]) as ana,
            connect(url, token=tokens["Ben"]) as ben,
            connect_document(url, "plan", token=tokens["Chen"]) as chen,
        ):
            return await _act(server, ana, ben, chen, narrate, random.Random(seed_number), delay_ms / 1000)


async def _act(
    server: RunningServer,
    ana: RoomClient,
    ben: RoomClient,
    chen: DocumentClient,
    narrate: Narrate,
    chance: random.Random,
    delay: float,
) -> StoryResult:
    result = StoryResult()
    await asyncio.gather(*(room.until(lambda r: len(r.records) >= 3) for room in (ana, ben)))
    for room in (ana, ben):
        room.compose()
    narrate("Ana", f"begins to write, having seen {ana.seen}")
    narrate("Ben", f"begins to write, having seen {ben.seen}")

    async def instruct(room: RoomClient, name: str, words: str) -> None:
        await asyncio.sleep(chance.uniform(0, delay))
        order = f'replace "{LINE}" with "{words}" in plan after {chance.uniform(0.2, 1):.2f} seconds'
        intent = await room.intent(order, doc="plan")
        result.asked[name] = {"id": intent.id, "seq": intent.seq, "text": order}
        narrate(name, order)

    async def type_by_hand() -> None:
        await asyncio.sleep(chance.uniform(0, delay))
        narrate("Chen", f"types by hand in the same section: {TYPED.strip()}")
        for at, char in enumerate(TYPED):
            point = chen.text().index(AFTER) + len(AFTER) + at
            await chen.insert(point, char)
            await asyncio.sleep(chance.uniform(0, delay / 20))

    await asyncio.gather(instruct(ana, "Ana", FORMAL), instruct(ben, "Ben", CASUAL), type_by_hand())
    result.question = await ana.question(WAIT_SECONDS)
    narrate("agent", result.question["text"])
    before = chen.text()
    await asyncio.sleep(chance.uniform(0.1, 0.1 + delay))
    is_quiet = chen.text() == before
    assert set(result.asked) == {"Ana", "Ben"}, "both have asked before anybody answers"
    winner = chance.choice(("Ana", "Ben"))
    loser_room = ben if winner == "Ana" else ana
    chosen = result.asked[winner]["id"]
    narrate("Ben" if winner == "Ana" else "Ana", f"gives way: run {winner}'s")
    await loser_room.answer(result.question["id"], chosen)
    await _settle(result, ana, ben)
    await _check(server, result, ana, ben, chen, winner=winner, is_quiet=is_quiet)
    return result


async def _settle(result: StoryResult, ana: RoomClient, ben: RoomClient) -> None:
    """Wait until both authors have both verdicts."""
    ids = {name: asked["id"] for name, asked in result.asked.items()}
    for room in (ana, ben):
        await room.until(lambda r: set(ids.values()) <= set(_verdicts(r)), WAIT_SECONDS)
    result.verdicts = {name: _verdicts(ana)[id] for name, id in ids.items()}


def _verdicts(room: RoomClient) -> dict[str, Message]:
    return {
        record["body"]["intent"]: record["body"] for record in room.records if record["kind"] == RecordKinds.VERDICT
    }


async def _check(
    server: RunningServer,
    result: StoryResult,
    ana: RoomClient,
    ben: RoomClient,
    chen: DocumentClient,
    *,
    winner: str,
    is_quiet: bool,
) -> None:
    """Hold what happened against the story's claims, from the log and from what the clients saw."""
    words = FORMAL if winner == "Ana" else CASUAL
    await chen.until(lambda client: words in client.text(), WAIT_SECONDS)
    loser = "Ben" if winner == "Ana" else "Ana"
    ids = {asked["id"] for asked in result.asked.values()}
    commits = [r for r in ana.records if r["kind"] == RecordKinds.COMMIT and ids & set(r["body"]["intents"])]
    asked_at = next(r["seq"] for r in ana.records if r["kind"] == RecordKinds.DECISION and r["body"].get("question"))
    bodies = [r["body"] for r in ana.records if r["kind"] == RecordKinds.INTENT and r["body"]["id"] in ids]
    result.text = chen.text()
    room = await server.registry.room(DEMO)
    await room.read(lambda: None)
    rows, journal = await read_all(server.registry.store, DEMO)
    result.report = await asyncio.to_thread(verify, rows, journal)
    replayed = await asyncio.to_thread(fold_log, rows, journal)
    live = await room.read(room.sequencer.fold.state)
    stamps_are_blind = all(body["seen"] < min(asked["seq"] for asked in result.asked.values()) for body in bodies)
    rejected = CASUAL if words is FORMAL else FORMAL
    assert winner != loser, "one of two gives way"
    lost = result.verdicts[loser]
    result.checks = [
        ("neither author had seen the other's instruction", stamps_are_blind),
        ("the question stood before any write of the agent", all(r["seq"] > asked_at for r in commits)),
        ("the question showed both instructions", ids <= {o["value"] for o in result.question["options"]}),
        ("nothing was written there while it was open", is_quiet),
        ("every character that Chen typed is there", TYPED in result.text),
        ("exactly one instruction ran", len(commits) == 1 and result.verdicts[winner]["state"] == States.DONE),
        ("the other was overruled, with a reason", lost["state"] == States.OVERRULED and bool(lost["reason"])),
        ("both authors were told both verdicts", all(ids <= set(_verdicts(r)) for r in (ana, ben))),
        ("the document holds the winner's words only", LINE not in result.text and rejected not in result.text),
        ("the log verifies: chain, bytes and states", result.report.ok and result.report.states >= 1),
        ("replay gives the identical state", replayed.state() == live),
    ]
