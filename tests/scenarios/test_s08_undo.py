"""S8: ten turns later somebody takes back Ana's third instruction, inside text that Ben has edited since."""

from __future__ import annotations

import pytest

from tests.scenarios.stage import WAIT, Stage, is_typed_by, records_of, run_story
from workspace.client import Message, Refused, RoomClient
from workspace.client.document import DocumentClient
from workspace.client.intent import Intent

LINE, NEW = "A short walk, then the talks.", "A long march through the woods, then the talks."
BENS = " (bring boots 👢)"
FIRST = ('append "PS: lamp" to plan', "increase budget.food by 5", f'replace "{LINE}" with "{NEW}" in plan')
TURNS = 10


async def do(room: RoomClient, order: str) -> Message:
    """Give an order, and return its verdict: it must be done."""
    verdict = await (await room.intent(order)).verdict(WAIT)
    assert verdict["state"] == "done", verdict
    return verdict


async def ten_turns(stage: Stage) -> None:
    """Ana, Ben and Chen go on: ten instructions carried out, elsewhere in the same documents."""
    people = [stage.people["Ana"], stage.people["Ben"], await stage.person("Chen")]
    for turn in range(TURNS):
        order = stage.chance.choice((f'append "turn {turn}." to plan', "increase budget.travel by 1"))
        await do(people[turn % 3], order)


async def shown_first(undone: Intent, room: RoomClient, value: str) -> Message:
    """Return the verdict of an undo whose author is shown first what would stay, and answers."""
    question = await room.question(WAIT)
    assert question["group"] == [undone.id]
    assert f"“{BENS}” in plan, typed inside it by Ben" in question["text"], "what would be orphaned, and whose it is"
    assert not [r for r in records_of(room, "commit") if undone.id in r["body"]["intents"]]
    await room.answer(question["id"], value)
    return await undone.verdict(WAIT)


async def take_it_back(stage: Stage) -> None:
    ana, ben = await stage.person("Ana"), await stage.person("Ben")
    gil = await stage.person("Gil", "commenter")
    hands = [await stage.typist(name) for name in ("Ben", "Chen", "Ana")]
    hand, other, _ = hands
    commits = [(await do(ana, order))["commit"] for order in FIRST]
    await hand.until(lambda client: NEW in client.text(), WAIT)
    await hand.insert(hand.text().index("march") + len("march"), BENS)
    await ana.until(is_typed_by("Ben"), WAIT)
    await do(ana, "increase budget.food by 7")
    await ten_turns(stage)
    with pytest.raises(Refused, match="may take this back"):
        await gil.undo(commits[2])
    await ben.caught_up(max(r["seq"] for r in ana.records), WAIT)
    await all_are_equal(stage, hands)
    before = hand.text()
    if stage.seed % 4 == 0:
        verdict = await shown_first(await ben.undo(commits[2]), ben, "no")
        assert (verdict["state"], verdict["code"]) == ("rejected", "not_wanted")
        assert hand.text() == before
    undone = await ben.undo(commits[2])
    verdict = await shown_first(undone, ben, "yes")
    assert verdict["state"] == "done", verdict
    assert "Took back" in verdict["reason"]
    wanted = before.replace(NEW.replace("march", f"march{BENS}"), "{}")
    await other.until(lambda client: "woods" not in client.text(), WAIT)
    assert BENS in other.text(), "what Ben typed inside stays"
    assert "short" in other.text()
    assert "walk" in other.text()
    start, end = wanted.split("{}")
    assert other.text().startswith(start), "nothing before it is touched"
    assert other.text().endswith(end), "nothing behind it is touched"
    await the_log_says_who(stage, undone, commits[2])
    await all_are_equal(stage, hands)
    fold = (await stage.server.registry.room(stage.ws)).sequencer.fold
    again = await (await ana.undo(commits[2])).verdict(WAIT)
    assert (again["state"], again["code"]) == ("rejected", "nothing_to_undo")
    food = await (await ana.undo(commits[1])).verdict(WAIT)
    assert food["state"] == "done", "where nothing would stay nothing is asked"
    assert fold.documents["budget"].value()["food"] == 427, "later additions stay"


async def the_log_says_who(stage: Stage, undone: Intent, commit: str) -> None:
    """The log alone says who took what back, and that ten turns lie between."""
    ana = stage.people["Ana"]
    await ana.until(lambda r: any(undone.id in c["body"]["intents"] for c in records_of(r, "commit")), WAIT)
    (asked,) = [r for r in records_of(ana, "intent") if r["body"]["id"] == undone.id]
    assert (asked["actor"], asked["body"]["kind"], asked["body"]["refs"]) == ("Ben", "undo", [commit])
    (record,) = [r for r in records_of(ana, "commit") if r["body"]["intents"] == [undone.id]]
    (taken,) = [r for r in records_of(ana, "commit") if r["body"]["commit"] == commit]
    (hers,) = [r for r in records_of(ana, "intent") if r["body"]["id"] in taken["body"]["intents"]]
    assert (hers["actor"], hers["body"]["text"]) == ("Ana", FIRST[2])
    between = [r for r in records_of(ana, "commit") if taken["seq"] < r["seq"] < record["seq"]]
    assert len(between) == TURNS + 1
    mine = [r["body"]["id"] for r in records_of(ana, "intent") if r["actor"] == "Ana" and r["body"]["kind"] == "do"]
    assert mine[2] == hers["body"]["id"], "her third"
    fold = (await stage.server.registry.room(stage.ws)).sequencer.fold
    entry = fold.board.entries[hers["body"]["id"]]
    assert (entry.state, entry.undone_by) == ("done", record["body"]["commit"])


async def all_are_equal(stage: Stage, hands: list[DocumentClient]) -> None:
    """Every replica holds what the server holds, by digest."""
    room = await stage.server.registry.room(stage.ws)
    digest = await room.read(room.sequencer.fold.documents["plan"].digest)
    for hand in hands:
        await hand.until(lambda client: client.document.digest() == digest, WAIT)


async def test_an_undo_keeps_what_others_typed_since() -> None:
    await run_story(take_it_back, runs=20)
