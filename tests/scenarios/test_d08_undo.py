"""D8: later, take back Ana's third instruction, inside text that Ben has edited since."""

from __future__ import annotations

import asyncio

import pytest

from tests.scenarios.stage import WAIT, Stage, records_of, run_story
from workspace.client import Refused

LINE, NEW = "A short walk, then the talks.", "A long march through the woods, then the talks."
BENS = " (bring boots 👢)"


async def take_it_back(stage: Stage) -> None:
    ana, ben = await stage.person("Ana"), await stage.person("Ben")
    gil = await stage.person("Gil", "commenter")
    hand, other = await stage.typist("Ben"), await stage.typist("Chen")
    commits = []
    for order in ("append 'PS: lamp' to plan", "increase budget.food by 5", f'replace "{LINE}" with "{NEW}" in plan',
                  "increase budget.food by 7"):  # fmt: skip
        verdict = await (await ana.intent(order.replace("'", '"'))).verdict(WAIT)
        assert verdict["state"] == "done", verdict
        commits.append(verdict["commit"])
    await hand.until(lambda client: NEW in client.text(), WAIT)
    await hand.insert(hand.text().index("march") + len("march"), BENS)
    await asyncio.sleep(0.25)
    with pytest.raises(Refused, match="may take this back"):
        await gil.undo(commits[2])
    await ben.caught_up(max(r["seq"] for r in ana.records), WAIT)
    undone = await ben.undo(commits[2])
    verdict = await undone.verdict(WAIT)
    assert verdict["state"] == "done", verdict
    assert "Took back" in verdict["reason"]
    await other.until(lambda client: "woods" not in client.text(), WAIT)
    assert BENS in other.text(), "what Ben typed inside stays"
    assert "short" in other.text()
    assert "walk" in other.text()
    assert "PS: lamp" in other.text(), "the others are not touched"
    await hand.until(lambda client: client.text() == other.text(), WAIT)
    (record,) = [r for r in records_of(ana, "commit") if r["body"]["intents"] == [undone.id]]
    assert record["body"]["intents"] == [undone.id]
    fold = (await stage.server.lobby.room(stage.ws)).sequencer.fold
    first = next(entry for entry in fold.board.entries.values() if entry.commit and entry.commit.commit == commits[2])
    assert (first.state, first.undone_by) == ("done", record["body"]["commit"])
    again = await (await ana.undo(commits[2])).verdict(WAIT)
    assert (again["state"], again["code"]) == ("rejected", "nothing_to_undo")
    food = await (await ana.undo(commits[1])).verdict(WAIT)
    assert food["state"] == "done"
    assert fold.documents["budget"].value()["food"] == 427, "later additions stay"


async def test_an_undo_keeps_what_others_typed_since() -> None:
    await run_story(take_it_back, runs=20)
