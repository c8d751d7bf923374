"""A page opened late shows what one shows that was open all the time: the library in node, and the page in Chromium."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from agent.builtin.planner import BuiltinPlanner
from crdt.operations.ops import SetValue, hash_of_value
from tests.scenarios.stage import is_typed_by
from tests.support.server import Running, running_server
from tests.web.test_page import WAIT, stage, visit
from workspace.client import RoomClient, connect
from workspace.client.document import connect_document
from workspace.intents.model.bodies import ConfigBody, PolicyConfig
from workspace.intents.model.effects import Effect, Receiver
from workspace.intents.model.events import Configured
from workspace.intents.model.plan import Asked, Draft, Option, Planned, Proposal, PlanRefused, Task
from workspace.intents.model.bodies import ConfigBody
from workspace.intents.model.bodies import PolicyConfig
from workspace.ports import PlanContext
from workspace.intents.model.plan import Asked, Draft, Option, Planned, PlanRefused, Proposal, Task
from workspace.ports import PlanContext

SCRIPT = Path(__file__).parent / "late.mjs"
SECONDS = 20.0
BUDGET = [{"doc": "budget"}]


@dataclass
class HandPlanner:
    """A planner that answers when it is told to; what it says and shows meanwhile is told, too."""

    tasks: dict[str, tuple[Task, PlanContext, asyncio.Future[Proposal]]] = field(default_factory=dict)
    name: str = "hand@1"

    async def open(self) -> None:
        """Nothing to get ready."""

    async def close(self) -> None:
        """Nothing to close."""

    async def plan(self, task: Task, context: PlanContext) -> Proposal:
        answer: asyncio.Future[Proposal] = asyncio.get_running_loop().create_future()
        self.tasks[task.intent] = task, context, answer
        try:
            return await answer
        finally:
            if self.tasks.get(task.intent, (None, None, None))[2] is answer:
                del self.tasks[task.intent]


@dataclass
class Hall:
    """A server, its people over plain sockets, and pages in node."""

    server: Running
    planner: HandPlanner
    node: asyncio.subprocess.Process
    people: dict[str, RoomClient] = field(default_factory=dict)
    looked: int = 0

    async def tell(self, **order: Any) -> Any:
        """Give the pages an order and return what comes back."""
        assert self.node.stdin is not None
        assert self.node.stdout is not None
        self.node.stdin.write(json.dumps(order).encode() + b"\n")
        await self.node.stdin.drain()
        line = await asyncio.wait_for(self.node.stdout.readline(), SECONDS)
        return json.loads(line)

    async def page(self, name: str, *, since: int = 0) -> None:
        """Open a page with the log after a record, as Vic, who only looks on."""
        token = await self.server.token("Vic", "commenter")
        await self.tell(
            do="open", page=name, url=f"{self.server.ws_url}/ws/demo", doc="plan", token=token, **{"from": since}
        )

    async def shown(self, name: str, *, head: int = 0) -> Any:
        """Return what a page shows once it has the log up to a record, and the board."""
        async with asyncio.timeout(SECONDS):
            while True:
                shown = await self.tell(do="shown", page=name)
                if shown["boards"] and shown["head"] >= head:
                    return shown
                await asyncio.sleep(0.01)

    async def head(self) -> int:
        """Return where the log stands once all that was said so far is on disk."""
        room = await self.server.registry.room("demo")
        return await room.read(lambda: room.sequencer.fold.seq)

    async def look(self) -> Any:
        """Open pages at this moment, with all of the log, its second half and none: they show what the old one does."""
        head = await self.head()
        for at, since in enumerate((0, head // 2, head)):
            name = f"late {self.looked} {at}"
            await self.page(name, since=since)
            late = await self.shown(name, head=0 if since == head else head)
            old = await self.settled("old", late, since)
            assert pruned(late, since) == pruned(old, since), f"opened at {head} with the log after {since}"
            assert late["strays"] == []
            await self.tell(do="close", page=name)
        self.looked += 1
        return old

    async def settled(self, name: str, like: Any, since: int) -> Any:
        """Return what a page shows, when what was on its way to it at this moment has come."""
        shown = await self.tell(do="shown", page=name)
        for _ in range(100):
            if pruned(shown, since) == pruned(like, since):
                break
            await asyncio.sleep(0.01)
            shown = await self.tell(do="shown", page=name)
        return shown

    # ------------------------------------------------------------ people and the planner

    async def ask(self, who: str, text: str = "do it", **more: Any) -> str:
        intent = await self.people[who].intent(text, scope=BUDGET if "refs" not in more else None, **more)
        return intent.id

    async def planning(self, intent: str) -> tuple[Task, PlanContext, asyncio.Future[Proposal]]:
        """Wait until the planner has been asked about an intent."""
        async with asyncio.timeout(SECONDS):
            while intent not in self.planner.tasks:
                await asyncio.sleep(0.01)
        return self.planner.tasks[intent]

    async def propose(self, intent: str, proposal: Proposal) -> None:
        *_, answer = await self.planning(intent)
        answer.set_result(proposal)

    async def set(self, intent: str, value: int, key: str = "price") -> None:
        """Plan to set a value."""
        room = await self.server.registry.room("demo")
        old = await room.read(lambda: hash_of_value(room.sequencer.fold.documents["budget"], (key,)))
        await self.propose(intent, Planned((SetValue("budget", (key,), value, old),), summary=f"{key} {value}"))

    async def until(self, intent: str, *states: str) -> None:
        """Wait until the server has an intent in one of these states."""
        room = await self.server.registry.room("demo")
        async with asyncio.timeout(SECONDS):
            while await room.read(lambda: room.sequencer.fold.board.entries[intent].state) not in states:
                await asyncio.sleep(0.01)

    async def question(self) -> str:
        """Wait for a question to be open, and return the only one."""
        room = await self.server.registry.room("demo")
        async with asyncio.timeout(SECONDS):
            while not (open_ := await room.read(lambda: list(room.sequencer.fold.board.questions))):
                await asyncio.sleep(0.01)
        (id,) = open_
        return id

    async def rivals(self, count: int = 2) -> list[str]:
        """Let so many people want one price, unseen by each other, and be planned."""
        seen, ids = await self.head(), []
        for name in ("Ana", "Ben", "Cleo")[:count]:
            ids.append(await self.ask(name, f"{name} wants it", seen=seen))
        for at, id in enumerate(ids):
            await self.set(id, at)
        return ids


def pruned(shown: Any, since: int) -> Any:
    """Return what a page that has the log after a record can know: what was under way then, or came later."""
    kept = {
        id: view
        for id, view in shown["intents"].items()
        if view["seq"] > since or view.get("verdictSeq", since + 1) > since
    }
    return {**{name: shown[name] for name in ("questions", "steps", "drafts", "composing")}, "intents": kept}


@asynccontextmanager
async def hall(policy: PolicyConfig) -> AsyncIterator[Hall]:
    planner = HandPlanner()
    async with running_server(planner=planner, policy=policy) as server:
        node = shutil.which("node")
        assert node, "node 20 is needed for the client library"
        process = await asyncio.create_subprocess_exec(
            node, str(SCRIPT), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 24
        )
        try:
            assert process.stdout is not None
            assert await asyncio.wait_for(process.stdout.readline(), SECONDS) == b"ready\n"
            url = f"{server.ws_url}/ws/demo"
            roles = {"Ana": "editor", "Ben": "editor", "Cleo": "editor", "Olga": "owner", "Ida": "commenter"}
            tokens = {name: await server.token(name, role) for name, role in roles.items()}
            async with (
                connect(url, token=tokens["Ana"]) as ana,
                connect(url, token=tokens["Ben"]) as ben,
                connect(url, token=tokens["Cleo"]) as cleo,
                connect(url, token=tokens["Olga"]) as olga,
                connect(url, token=tokens["Ida"]) as ida,
                connect_document(url, "budget", token=tokens["Olga"], kind="data") as budget,
            ):
                await budget.set(("price",), 100)
                # Typing is in the log once its run is closed: from then on everybody has seen it.
                for person in (ana, ben, cleo, olga, ida):
                    await person.until(is_typed_by("Olga"), SECONDS)
                people = {"Ana": ana, "Ben": ben, "Cleo": cleo, "Olga": olga, "Ida": ida}
                stage = Hall(server, planner, process, people)
                await stage.page("old")
                await stage.shown("old")
                yield stage
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


# ---------------------------------------------------------------- stories


async def rivals_who_are_asked(hall: Hall) -> None:
    ids = await hall.rivals(3)
    question = await hall.question()
    old = await hall.look()
    assert [old["intents"][id]["state"] for id in ids] == ["held"] * 3
    await hall.people["Ana"].answer(question, ids[1])
    old = await hall.look()
    assert old["questions"][question]["answers"] == {"Ana": ids[1]}
    await hall.people["Cleo"].cancel(ids[2])
    await hall.look()
    await hall.people["Olga"].answer(question, ids[0])
    await hall.until(ids[0], "done")
    old = await hall.look()
    assert old["questions"] == {}


async def a_vote(hall: Hall) -> None:
    ids = await hall.rivals()
    question = await hall.question()
    for who in ("Ida", "Cleo"):
        await hall.people[who].answer(question, ids[1])
        old = await hall.look()
    assert old["questions"][question]["mayAnswer"], "in a vote whoever may instruct has a voice"
    await hall.people["Ida"].answer(question, ids[0])
    await hall.look()
    await hall.people["Olga"].answer(question, ids[1])
    await hall.until(ids[1], "done")
    await hall.look()


async def who_waits_for_whom(hall: Hall) -> None:
    first = await hall.ask("Ana", "first")
    await hall.planning(first)
    second = await hall.ask("Ana", "second")
    old = await hall.look()
    assert old["intents"][second]["waitsFor"] == [first]
    slots = [await hall.ask(name, "beside", seen=0) for name in ("Ben", "Cleo", "Ida", "Olga")]
    old = await hall.look()
    assert any("free planner" in view["reason"] for view in old["intents"].values())
    await hall.set(first, 5)
    await hall.until(first, "ready")
    old = await hall.look()
    assert old["intents"][first]["waitsFor"], "it waits for those who came in time"
    for id in (*slots, second):
        await hall.people["Olga"].cancel(id)
        await hall.look()
    await hall.until(first, "done")
    await hall.look()


async def an_agent_at_work(hall: Hall) -> None:
    id = await hall.ask("Ana", "write")
    _, context, answer = await hall.planning(id)
    for words in ("Reads plan.", "Thinks.", "Thinks.", "Writes.", "Reads.", "Reads again."):
        context.step(words)
        context.show(Draft("plan", words))
        context.show(Draft("budget", words * 2))
        old = await hall.look()
    assert old["steps"] == {id: ["Thinks.", "Writes.", "Reads.", "Reads again."]}
    assert len(old["drafts"]) == 2
    context.show(Draft("budget", ""))
    await hall.look()
    answer.set_result(Asked("Warm or cold?", (Option("warm", "warm"), Option("cold", "cold"))))
    question = await hall.question()
    old = await hall.look()
    assert (old["steps"], old["drafts"]) == ({}, [])
    await hall.people["Olga"].answer(question, "warm")
    await hall.planning(id)
    await hall.look()
    await hall.propose(id, PlanRefused("cannot", "It cannot be done.", "Ask otherwise."))
    await hall.until(id, "rejected")
    await hall.look()


async def one_that_is_added_to(hall: Hall) -> None:
    id = await hall.ask("Ana", "write")
    await hall.planning(id)
    added = await hall.ask("Ben", "and shorter", refs=[id])
    old = await hall.look()
    assert old["intents"][added]["waitsFor"] == [id]
    await hall.propose(id, Asked("How much?", ()))
    await hall.question()
    await hall.look()
    await hall.people["Ben"].cancel(added)
    old = await hall.look()
    assert old["questions"] == {}, "what was asked is asked no more: it begins again without what was added"
    await hall.people["Ana"].cancel(id)
    await hall.look()


async def somebody_elses_edit(hall: Hall) -> None:
    id = await hall.ask("Ana", "set it")
    await hall.planning(id)
    token = await hall.server.token("Cleo")
    async with connect_document(f"{hall.server.ws_url}/ws/demo", "budget", token=token, kind="data") as hand:
        await hand.set(("price",), 7)
        await hall.people["Ana"].until(is_typed_by("Cleo"), SECONDS)
        await hall.set(id, 8)
        await hall.until(id, "held")
    await hall.question()
    old = await hall.look()
    assert old["intents"][id]["state"] == "held"
    await hall.people["Ana"].answer(await hall.question(), id)
    await hall.until(id, "done")
    await hall.look()


async def what_is_sent(hall: Hall) -> None:
    room = await hall.server.registry.room("demo")
    receivers = {"shop": Receiver("webhook", "https://example.test/x")}
    await room.submit(Configured("Olga", ConfigBody(receivers=receivers)))
    id = await hall.ask("Ana", "order it")
    await hall.propose(id, Planned((), (), "orders", (Effect(0, "shop", "irreversible", {"n": 1}),)))
    question = await hall.question()
    old = await hall.look()
    assert not old["questions"][question]["mayAnswer"], "a commenter approves nothing that is sent"
    await hall.people["Ana"].answer(question, "none")
    await hall.until(id, "rejected")
    await hall.look()


async def consent_and_suggestions(hall: Hall) -> None:
    id = await hall.ask("Ana", "mine")
    await hall.planning(id)
    other = await hall.ask("Ida", "hers instead", kind="override", refs=[id])
    question = await hall.question()
    old = await hall.look()
    assert [old["intents"][one]["state"] for one in (id, other)] == ["planning", "held"]
    await hall.people["Ana"].answer(question, other)
    await hall.set(other, 3)
    await hall.until(other, "suggested")
    await hall.look()
    picked = await hall.people["Olga"].approve(other)
    await hall.look()
    await hall.set(picked.id, 3)
    await hall.until(picked.id, "done")
    await hall.look()
    undone = await hall.people["Olga"].undo((await hall.shown("old"))["intents"][picked.id]["verdict"]["commit"])
    await hall.until(undone.id, "done", "failed", "rejected", "planning")
    await hall.look()


async def variants(hall: Hall) -> None:
    ids = await hall.rivals()
    await hall.until(ids[0], "branched")
    await hall.look()
    picked = await hall.people["Olga"].approve(ids[1])
    await hall.until(picked.id, "done")
    await hall.look()


async def people_who_write(hall: Hall) -> None:
    await hall.page("writer")
    await hall.shown("writer")
    await hall.tell(do="compose", page="writer")
    async with asyncio.timeout(SECONDS):
        while not (await hall.tell(do="shown", page="old"))["composing"]:
            await asyncio.sleep(0.01)
    old = await hall.look()
    assert old["composing"] == ["Vic"]
    await hall.tell(do="close", page="writer")
    async with asyncio.timeout(SECONDS):
        while (await hall.tell(do="shown", page="old"))["composing"]:
            await asyncio.sleep(0.01)
    await hall.look()


STORIES: dict[str, tuple[Callable[[Hall], Awaitable[None]], PolicyConfig]] = {
    "rivals who are asked": (rivals_who_are_asked, PolicyConfig(chain=("ask", "first"))),
    "a vote": (a_vote, PolicyConfig(chain=("vote", "first"), vote_quorum=3)),
    "who waits for whom": (who_waits_for_whom, PolicyConfig()),
    "an agent at work": (an_agent_at_work, PolicyConfig()),
    "one that is added to": (one_that_is_added_to, PolicyConfig()),
    "somebody else's edit": (somebody_elses_edit, PolicyConfig(human_edit="ask")),
    "what is sent": (what_is_sent, PolicyConfig()),
    "consent and suggestions": (consent_and_suggestions, PolicyConfig()),
    "variants": (variants, PolicyConfig(chain=("branch",))),
    "people who write": (people_who_write, PolicyConfig()),
}


@pytest.mark.parametrize("name", STORIES)
async def test_after_every_step_a_page_opened_now_shows_what_the_old_one_shows(name: str) -> None:
    story, policy = STORIES[name]
    async with hall(policy) as stage_:
        await story(stage_)
        assert stage_.looked


# ---------------------------------------------------------------- the page


async def rail_of(page: Page) -> list[str]:
    """Return what stands in the list of instructions and in the questions, without the seconds left."""
    words: list[str] = await page.evaluate(
        """() => [...document.querySelectorAll('[data-testid=intent-card], [data-testid=question-card]')].map((card) => {
            const own = card.cloneNode(true)
            for (const clock of own.querySelectorAll('time')) clock.remove()
            return `${own.dataset.state ?? 'question'}: ${own.innerText ?? own.textContent}`
        })"""
    )
    return words


@pytest.mark.browser
async def test_the_visible_list_of_a_page_opened_late_is_that_of_an_old_one() -> None:
    line = "A short walk, then the talks."
    async with stage(BuiltinPlanner()) as (server, browser):
        room = await server.registry.room("demo")
        policy = PolicyConfig(chain=("ask", "first"), ask_seconds=300)
        await room.submit(Configured("owner", ConfigBody(policy=policy)))
        _, old, problems = await visit(server, browser, "Vic", role="commenter")
        _, ana, _ = await visit(server, browser, "Ana")
        _, ben, _ = await visit(server, browser, "Ben")
        for page, words in ((ana, "Guests walk."), (ben, "We stroll!")):
            await page.get_by_test_id("composer").fill(f'replace "{line}" with "{words}" in plan after 1 seconds')
        for page in (ana, ben):
            await page.get_by_test_id("send").click()
        await expect(old.get_by_test_id("question-card")).to_be_visible(timeout=WAIT)
        await ana.get_by_test_id("composer").fill('append "Waits." to plan')
        await ana.get_by_test_id("send").click()
        await ben.get_by_test_id("answer-option").filter(has_text="Neither").click()
        await expect(old.get_by_test_id("answers")).to_contain_text("Ben “Neither”", timeout=WAIT)
        await expect(old.locator('[data-actor="Ana"]').first).to_contain_text("waits for Ana", timeout=WAIT)
        _, late, _ = await visit(server, browser, "Vic", role="commenter")
        await expect(late.get_by_test_id("answers")).to_contain_text("Ben “Neither”", timeout=WAIT)
        await expect(late.locator('[data-state="held"]')).to_have_count(2, timeout=WAIT)
        assert await rail_of(late) == await rail_of(old)
        _, again, _ = await visit(server, browser, "Ben")
        await expect(again.get_by_test_id("question-card")).to_contain_text("Your answer is in", timeout=WAIT)
        await expect(again.get_by_test_id("answers")).to_contain_text("you “Neither”")
        assert problems == []
