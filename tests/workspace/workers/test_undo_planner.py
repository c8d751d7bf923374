"""An undo shows first what it would leave, does nothing without a yes, and asks anew when that has changed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from agent.builtin.planner import BuiltinPlanner
from tests.support.server import Running, running_server
from workspace.client import RoomClient, connect
from workspace.client.document import DocumentClient, connect_document
from workspace.intents.model.bodies import PolicyConfig
from workspace.intents.model.plan import QUESTION_POINTS_MAX
from workspace.workers.undo_preview import question_of

WAIT = 15.0
LINE, NEW = "We meet at three.", "We meet at noon sharp by the tree."
BENS = "(not earlier!) "


@dataclass
class Table:
    """Ana and Ben in one workspace, and Ben's hand in its text."""

    server: Running
    ana: RoomClient
    ben: RoomClient
    hand: DocumentClient

    async def replaced(self) -> str:
        """Let the agent replace the line for Ana; return the commit."""
        await (await self.ana.intent(f'append "{LINE}" to plan')).verdict(WAIT)
        verdict = await (await self.ana.intent(f'replace "{LINE}" with "{NEW}" in plan')).verdict(WAIT)
        await self.hand.until(lambda client: NEW in client.text(), WAIT)
        return str(verdict["commit"])

    async def type(self, words: str, before: str) -> None:
        """Let Ben type something; return when the log has it."""
        seq = self.ana.seen
        await self.hand.insert(self.hand.text().index(before), words)
        await self.ana.until(lambda r: any(one["kind"] == "update" and one["seq"] > seq for one in r.records), WAIT)

    async def anew(self, old: str, new: str) -> None:
        """Let Ben write something in place of words by hand; return when the log has it."""
        seq, start = self.ana.seen, self.hand.text().index(old)
        await self.hand.delete(start, start + len(old))
        if new:
            await self.hand.insert(start, new)
        await self.ana.until(lambda r: any(one["kind"] == "update" and one["seq"] > seq for one in r.records), WAIT)

    async def text(self) -> str:
        """Return the plan as the server has it."""
        room = await self.server.registry.room("demo")
        return await room.read(lambda: room.sequencer.fold.documents["plan"].text())


@asynccontextmanager
async def table(**policy: Any) -> AsyncIterator[Table]:
    async with running_server(planner=BuiltinPlanner(), policy=PolicyConfig(**policy)) as server:
        ana, ben = [await server.token(who, "editor") for who in ("Ana", "Ben")]
        async with (
            connect(f"{server.ws_url}/ws/demo", token=ana) as hers,
            connect(f"{server.ws_url}/ws/demo", token=ben) as his,
            connect_document(f"{server.ws_url}/ws/demo", "plan", token=ben) as hand,
        ):
            yield Table(server, hers, his, hand)


async def test_what_was_typed_inside_is_shown_first_and_stays_after_a_yes() -> None:
    async with table() as at:
        commit = await at.replaced()
        await at.type(BENS, "sharp")
        before = await at.text()
        undo = await at.ana.undo(commit)
        question = await at.ana.question(WAIT)
        assert question["group"] == [undo.id]
        assert f"Stays: “{BENS}” in plan, typed inside it by Ben. Do it?" in question["text"]
        assert [option["value"] for option in question["options"]] == ["yes", "no"]
        assert await at.text() == before, "nothing is done before somebody has said so"
        await at.ana.answer(question["id"], "yes")
        assert (await undo.verdict(WAIT))["state"] == "done"
        after = await at.text()
        assert BENS in after
        assert after.replace(BENS, "") == f"{LINE}\n"


async def test_a_no_leaves_everything_and_can_be_taken_back_by_asking_again() -> None:
    async with table() as at:
        commit = await at.replaced()
        await at.type(BENS, "sharp")
        before = await at.text()
        undo = await at.ana.undo(commit)
        await at.ana.answer((await at.ana.question(WAIT))["id"], "no")
        verdict = await undo.verdict(WAIT)
        assert (verdict["state"], verdict["code"]) == ("rejected", "not_wanted")
        assert await at.text() == before
        again = await at.ana.undo(commit)
        await at.ana.until(lambda r: any(q["group"] == [again.id] for q in r.open_questions.values()), WAIT)
        await at.ana.answer(next(iter(at.ana.open_questions)), "yes")
        assert (await again.verdict(WAIT))["state"] == "done"


async def test_without_an_answer_nothing_is_done() -> None:
    async with table(ask_seconds=1.0) as at:
        commit = await at.replaced()
        await at.type(BENS, "sharp")
        before = await at.text()
        verdict = await (await at.ana.undo(commit)).verdict(WAIT)
        assert (verdict["state"], verdict["code"]) == ("expired", "no_answer")
        assert "Stays: “(not earlier!) ”" in verdict["reason"]
        assert await at.text() == before


async def test_a_yes_covers_only_what_was_shown() -> None:
    async with table() as at:
        commit = await at.replaced()
        await at.type(BENS, "sharp")
        undo = await at.ana.undo(commit)
        first = await at.ana.question(WAIT)
        await at.type("¡olé! ", "tree")
        await at.ana.answer(first["id"], "yes")
        await at.ana.until(lambda r: any(id != first["id"] for id in r.open_questions), WAIT)
        second = next(q for id, q in at.ana.open_questions.items() if id != first["id"])
        assert "“¡olé! ” in plan" in second["text"]
        await at.ana.answer(second["id"], "yes")
        assert (await undo.verdict(WAIT))["state"] == "done"
        assert BENS in await at.text()
        assert "¡olé!" in await at.text()


async def test_nothing_left_behind_is_nothing_to_ask() -> None:
    async with table() as at:
        commit = await at.replaced()
        await at.type("So: ", "We meet")
        undo = await at.ana.undo(commit)
        verdict = await undo.verdict(WAIT)
        assert verdict["state"] == "done"
        assert not [r for r in at.ana.records if r["kind"] == "oracle" and r["body"]["oracle"] == "question"]
        assert await at.text() == f"So: {LINE}\n"


async def test_a_value_that_others_set_since_is_shown_and_what_leaves_nothing_to_do_is_refused() -> None:
    async with table() as at:
        verdict = await (await at.ana.intent("set budget.food to 5; set budget.tent to 9")).verdict(WAIT)
        await (await at.ben.intent("set budget.tent to 12")).verdict(WAIT)
        undo = await at.ana.undo(verdict["commit"])
        question = await at.ana.question(WAIT)
        assert "Stays: budget.tent has been set to 12 since, by Ben. Do it?" in question["text"]
        await at.ana.answer(question["id"], "yes")
        done = await undo.verdict(WAIT)
        assert "Not taken back: budget.tent has been set to 12 since, by Ben." in done["reason"]
        room = await at.server.registry.room("demo")
        assert room.sequencer.fold.documents["budget"].value() == {"tent": 12}
        only = await (await at.ana.intent("set budget.tent to 1")).verdict(WAIT)
        await (await at.ben.intent("set budget.tent to 2")).verdict(WAIT)
        refused = await (await at.ana.undo(only["commit"])).verdict(WAIT)
        assert (refused["state"], refused["code"]) == ("rejected", "nothing_to_undo")


async def noon(at: Table) -> tuple[str, str]:
    """Let Ana have three replaced by noon; return that commit, and the text as it is then."""
    await (await at.ana.intent('append "We meet at three." to plan')).verdict(WAIT)
    first = await (await at.ana.intent('replace "three" with "noon" in plan')).verdict(WAIT)
    await at.hand.until(lambda client: "noon" in client.text(), WAIT)
    return str(first["commit"]), await at.text()


async def replaced_twice(at: Table) -> tuple[str, str]:
    """Let Ana have three replaced by noon, and Ben noon by five; return both commits."""
    await (await at.ana.intent('append "We meet at three." to plan')).verdict(WAIT)
    first = await (await at.ana.intent('replace "three" with "noon" in plan')).verdict(WAIT)
    await at.ben.until(lambda r: any(one["kind"] == "commit" and one["seq"] > 0 for one in r.records), WAIT)
    second = await (await at.ben.intent('replace "noon" with "five" in plan')).verdict(WAIT)
    assert (first["state"], second["state"]) == ("done", "done")
    return str(first["commit"]), str(second["commit"])


async def test_what_another_commit_has_replaced_is_not_put_back_beside_it() -> None:
    async with table() as at:
        first, second = await replaced_twice(at)
        verdict = await (await at.ana.undo(first)).verdict(WAIT)
        assert (verdict["state"], verdict["code"]) == ("rejected", "nothing_to_undo")
        said = "“noon” in plan has been replaced by “five” since, by Ben"
        assert verdict["reason"] == f"There is nothing to take back of {first}: {said}."
        assert verdict["remedy"] == f"Take {second} back first."
        assert await at.text() == "We meet at five.\n"


async def test_what_an_undo_has_put_back_stands_for_what_was_there() -> None:
    async with table() as at:
        first, second = await replaced_twice(at)
        back = await (await at.ben.undo(second)).verdict(WAIT)
        assert await at.text() == "We meet at noon.\n"
        undone = await (await at.ana.undo(first)).verdict(WAIT)
        assert (undone["state"], await at.text()) == ("done", "We meet at three.\n")
        again = await (await at.ana.undo(undone["commit"])).verdict(WAIT)
        assert (again["state"], await at.text()) == ("done", "We meet at noon.\n")
        redone = await (await at.ben.undo(back["commit"])).verdict(WAIT)
        assert (redone["state"], await at.text()) == ("done", "We meet at five.\n")
        refused = await (await at.ana.undo(first)).verdict(WAIT)
        assert "“noon” in plan has been replaced by “five” since, by Ben" in refused["reason"]
        assert refused["remedy"] == f"Take {redone['commit']} back first."
        once_more = await (await at.ben.undo(second)).verdict(WAIT)
        assert (once_more["state"], await at.text()) == ("done", "We meet at noon.\n"), "it is in force again"


async def test_what_a_hand_has_replaced_is_left_and_the_rest_is_taken_back_after_a_yes() -> None:
    async with table() as at:
        await (await at.ana.intent('append "We meet at three by the oak." to plan')).verdict(WAIT)
        words = 'replace "three" with "noon" in plan; replace "oak" with "elm" in plan'
        commit = (await (await at.ana.intent(words)).verdict(WAIT))["commit"]
        await at.hand.until(lambda client: "elm" in client.text(), WAIT)
        await at.anew("noon", "five")
        undo = await at.ana.undo(commit)
        question = await at.ana.question(WAIT)
        stays = "Stays: “noon” in plan has been replaced by “five” since, by Ben"
        assert stays in question["text"]
        assert "Then it reads “We meet at five by the oak.” in plan." in question["text"]
        await at.ana.answer(question["id"], "yes")
        assert (await undo.verdict(WAIT))["state"] == "done"
        assert await at.text() == "We meet at five by the oak.\n"


async def test_what_a_hand_has_taken_out_is_named_before_what_it_stood_for_comes_back() -> None:
    async with table() as at:
        first, _ = await noon(at)
        await at.anew("noon", "")
        undo = await at.ana.undo(first)
        question = await at.ana.question(WAIT)
        assert "Comes back: “three” in plan, where Ben has taken “noon” out since" in question["text"]
        assert "Then it reads “We meet at three.” in plan." in question["text"]
        await at.ana.answer(question["id"], "yes")
        assert (await undo.verdict(WAIT))["state"] == "done"
        assert await at.text() == "We meet at three.\n"


async def test_what_came_back_by_parts_is_not_parted_again() -> None:
    async with table() as at:
        first, _ = await noon(at)
        out = await (await at.ben.intent('delete "oo" in plan')).verdict(WAIT)
        assert await at.text() == "We meet at nn.\n"
        undo = await at.ana.undo(first)
        await at.ana.answer((await at.ana.question(WAIT))["id"], "yes")
        back = await undo.verdict(WAIT)
        assert await at.text() == "We meet at three.\n"
        part = await (await at.ana.undo(back["commit"])).verdict(WAIT)
        rest = await (await at.ben.undo(out["commit"])).verdict(WAIT)
        assert await at.text() == "We meet at noon.\n"
        refused = await (await at.ana.undo(part["commit"])).verdict(WAIT)
        said = "“oo” in plan, written together with “nn”, has been put back since, by Ben"
        assert (refused["code"], said in refused["reason"]) == ("nothing_to_undo", True), refused["reason"]
        assert refused["remedy"] == f"Take {rest['commit']} back first."
        assert await at.text() == "We meet at noon.\n", "“three” and a part of “noon” side by side is what nobody wrote"
        whole = await (await at.ana.undo(first)).verdict(WAIT)
        assert (whole["state"], await at.text()) == ("done", "We meet at three.\n")


async def test_words_that_would_grow_together_are_shown_first() -> None:
    async with table() as at:
        first, _ = await noon(at)
        await at.type("ish", ".")
        undo = await at.ana.undo(first)
        question = await at.ana.question(WAIT)
        assert "“ish” in plan, beside it by Ben" in question["text"]
        assert "Then it reads “We meet at threeish.” in plan." in question["text"]
        await at.ana.answer(question["id"], "no")
        assert (await undo.verdict(WAIT))["code"] == "not_wanted"
        assert await at.text() == "We meet at noonish.\n"


@pytest.mark.parametrize("count", [1, 6, 7, 400])
def test_a_question_is_never_cut(count: int) -> None:
    text = question_of("s" * 2_000, ["w" * 500] * count)
    assert len(text) <= QUESTION_POINTS_MAX
    assert text.endswith("Do it?")
    assert (f"and {count - 6} more" in text) == (count > 6)


async def test_the_log_is_read_once_for_an_undo_that_asks() -> None:
    async with table() as at:
        commit = await at.replaced()
        await at.type(BENS, "sharp")
        reads = at.server.registry.reads
        folds = reads.folds
        undo = await at.ana.undo(commit)
        question = await at.ana.question(WAIT)
        assert reads.folds == folds + 1
        await at.type("Hello.\n", NEW[:2])
        await at.ana.answer(question["id"], "yes")
        assert (await undo.verdict(WAIT))["state"] == "done"
        assert reads.folds == folds + 1, "what came meanwhile was read, and nothing twice"
        assert "Hello.\n" in await at.text()


async def test_what_became_of_a_document_as_a_whole_is_not_taken_back_and_the_remedy_does_it() -> None:
    async with table() as at:
        done = await (await at.ana.intent("rename document plan to schedule")).verdict(WAIT)
        assert done["state"] == "done", done
        refused = await (await at.ana.undo(done["commit"])).verdict(WAIT)
        assert (refused["state"], refused["code"]) == ("rejected", "cannot_undo")
        assert "plan: renamed to schedule" in refused["reason"]
        (back,) = re.findall("“(.*?)”", refused["remedy"])
        again = await (await at.ana.intent(back)).verdict(WAIT)
        assert again["state"] == "done", again
        room = await at.server.registry.room("demo")
        assert room.sequencer.fold.catalog.name_of("plan") == "plan"


async def test_words_are_taken_back_and_a_new_name_that_came_with_them_is_shown_to_stay() -> None:
    async with table() as at:
        both = f'append "{LINE}" to plan; rename document plan to schedule'
        done = await (await at.ana.intent(both)).verdict(WAIT)
        assert done["state"] == "done", done
        asked = await at.ana.undo(done["commit"])
        await at.ana.until(lambda room: room.open_questions, WAIT)
        (question,) = at.ana.open_questions.values()
        assert "plan: renamed to schedule, and stays so" in str(question)
        await at.ana.answer(question["id"], "yes")
        assert (await asked.verdict(WAIT))["state"] == "done"
        assert LINE not in await at.text()
