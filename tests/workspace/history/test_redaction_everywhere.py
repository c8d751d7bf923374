"""Whatever way an instruction's words went, after a redaction they stand only where the agent wrote them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

from agent.builtin.judge import BuiltinJudge
from agent.builtin.planner import BuiltinPlanner
from tests.support.model import scripted_model
from tests.support.obedient import obey
from tests.support.server import Running, running_server
from workspace.client import RoomClient, connect
from workspace.history import redact as redacting
from workspace.history.read import read_all
from workspace.intents.audit.verify import verify
from workspace.intents.audit.what_if import decide_again
from workspace.intents.model.bodies import ConfigBody, PolicyConfig
from workspace.intents.model.effects import Receiver
from workspace.intents.model.events import Configured
from workspace.intents.model.oracle import Merged, MergeTask
from workspace.intents.model.record import body_parts
from workspace.intents.state.replay import fold_log
from workspace.ports import PlanContext
from workspace.settings import Settings
from workspace.store.sql import SqlStore

NAME = "Zoë Example"
LINE = "A short walk, then the talks."
WAIT = 15.0
SIZES = pytest.mark.parametrize("size", [40, 150, 700])


def words(size: int) -> str:
    """Return a secret of about this many characters, with the name at its beginning, middle and end."""
    filled = " and so on" * (max(0, size - 30) // 20)
    return f"{NAME}{filled}, {NAME}, born 1990{filled} {NAME}"


@dataclass
class Scene:
    """A server with a workspace, its owner's HTTP and people on sockets."""

    server: Running
    http: httpx2.AsyncClient
    people: dict[str, RoomClient] = field(default_factory=dict)

    async def done(self, who: str, text: str, **more: Any) -> tuple[str, dict[str, Any]]:
        """Give an instruction and wait for its end."""
        intent = await self.people[who].intent(text, **more)
        return intent.id, await intent.verdict(WAIT)

    async def all_see(self) -> None:
        """Wait until everybody has seen everything."""
        top = (await self.server.registry.room("demo")).durable_seq
        for room in self.people.values():
            await room.caught_up(top, WAIT)


@asynccontextmanager
async def scene(**more: Any) -> AsyncIterator[Scene]:
    more.setdefault("planner", BuiltinPlanner())
    async with running_server(**more) as server:
        owner = await server.token("owner", "owner")
        roles = {"Zoe": "editor", "Ben": "editor", "Ida": "commenter"}
        tokens = {who: await server.token(who, role) for who, role in roles.items()}
        async with (
            connect(f"{server.ws_url}/ws/demo", token=tokens["Zoe"]) as zoe,
            connect(f"{server.ws_url}/ws/demo", token=tokens["Ben"]) as ben,
            connect(f"{server.ws_url}/ws/demo", token=tokens["Ida"]) as ida,
            httpx2.AsyncClient(
                base_url=f"{server.url}/api/workspaces/demo", headers={"authorization": f"Bearer {owner}"}, timeout=30
            ) as http,
        ):
            set_up = Scene(server, http, {"Zoe": zoe, "Ben": ben, "Ida": ida})
            await set_up.done("Ben", f'append "{LINE}" to plan')
            await set_up.all_see()
            yield set_up


def without_writing(value: Any) -> Any:
    """Return a record without what the agent wrote: the operations of its plan."""
    if isinstance(value, dict):
        return {key: without_writing(part) for key, part in value.items() if key != "ops"}
    return [without_writing(part) for part in value] if isinstance(value, list) else value


async def reach(stage: Scene) -> dict[str, str]:
    """Return everything that can be read about instructions, by where it was read."""
    lines = (await stage.http.get("/log")).text.splitlines()
    records = [json.loads(line) for line in lines if line]
    read = {
        f"log {record['seq']} {record['kind']}": json.dumps(without_writing(record), ensure_ascii=False)
        for record in records
    }
    board = (await stage.http.get("/intents")).json()
    read |= {f"board {one['id']}": json.dumps(without_writing(one), ensure_ascii=False) for one in board}
    live = await stage.server.registry.room("demo")
    for actor in {one["actor"] for one in board}:
        read[f"inbox {actor}"] = msgspec.json.encode(await live.hub.log.inbox.of(actor)).decode()
    read["usage"] = (await stage.http.get("/usage")).text
    for record in records:
        if (record["body"] or {}).get("opened"):
            read[f"call k{record['seq']}"] = json.dumps(
                (await stage.http.get(f"/calls/k{record['seq']}")).json(), ensure_ascii=False
            )
    return read


async def redact_and_look(stage: Scene, intent: str, *, written: str = "") -> dict[str, str]:
    """Take an intent's words out, reopen, and check that they are nowhere and everything else is as it was."""
    store = stage.server.registry.store
    before = await reach(stage)
    assert any(NAME in text for text in before.values())
    rows, journal = await read_all(store, "demo")
    state, decided = fold_log(rows, journal).state(), decide_again(rows, journal)
    told = (await stage.http.post("/redact", json={"intent": intent})).json()
    assert told["records"] >= 1
    found = {where: text for where, text in (await reach(stage)).items() if NAME in text}
    assert not found, found
    shown = await stage.http.get("/attribution", params={"doc": "plan"})
    assert NAME not in shown.text.replace(written, "") if written else NAME not in shown.text
    rows, journal = await read_all(store, "demo")
    report = verify(rows, journal)
    assert report.ok, report
    assert fold_log(rows, journal).state() == state
    again = decide_again(rows, journal)
    assert (again.decided, again.same, again.unsound) == (decided.decided, decided.same, ())
    assert (await stage.http.post("/redact", json={"intent": intent})).json()["records"] == 0
    live = await stage.server.registry.room("demo")
    assert live.sequencer.fold.state() == state
    return {str(row.seq): body_parts(row)[0] for row in rows}


@SIZES
async def test_what_was_done_and_taken_back(size: int) -> None:
    async with scene() as stage:
        secret = words(size)
        id, verdict = await stage.done("Zoe", f'append "{secret}" to plan')
        assert verdict["state"] == "done"
        await stage.all_see()
        other = await stage.people["Ben"].undo(verdict["commit"])
        assert (await other.verdict(WAIT))["state"] == "done"
        _, after = await stage.done("Ben", 'append "Something of Ben\'s." to plan')
        await redact_and_look(stage, id)
        board = (await stage.http.get(f"/intents/{other.id}")).json()
        assert board["verdict"]["reason"] == "[redacted]"
        kept = (await stage.http.get("/log", params={"kind": "verdict"})).text
        assert after["reason"] in [json.loads(line)["body"]["reason"] for line in kept.splitlines()]


async def test_an_undo_that_asked_first() -> None:
    async with scene() as stage:
        id, verdict = await stage.done(
            "Zoe", f'set budget.name to "{NAME}"; set budget.tent to 1; set budget.food to 2'
        )
        await stage.all_see()
        await stage.done("Ben", "set budget.tent to 3")
        undo = await stage.people["Zoe"].undo(verdict["commit"])
        question = await stage.people["Zoe"].question(WAIT)
        assert NAME in question["text"]
        await stage.people["Zoe"].answer(question["id"], "yes")
        assert (await undo.verdict(WAIT))["state"] == "done"
        rows = await redact_and_look(stage, id)
        answers = [body for body in map(json.loads, rows.values()) if body.get("kind") == "answer"]
        assert [body["value"] for body in answers] == ["yes"]


@SIZES
async def test_what_is_still_in_the_document_stays_there(size: int) -> None:
    async with scene() as stage:
        secret = words(size)
        id, _ = await stage.done("Zoe", f'append "{secret}" to plan')
        await redact_and_look(stage, id, written=secret)
        room = await stage.server.registry.room("demo")
        assert secret in room.sequencer.fold.documents["plan"].text()


@SIZES
async def test_what_collided_was_asked_about_and_answered(size: int) -> None:
    async with scene() as stage:
        for who in ("Zoe", "Ben"):
            stage.people[who].compose()
        hers = await stage.people["Zoe"].intent(f'replace "{LINE}" with "{words(size)}" in plan after 1 seconds')
        his_text = f'replace "{LINE}" with "Ben strolls." in plan after 1 seconds'
        his = await stage.people["Ben"].intent(his_text)
        question = await stage.people["Zoe"].question(WAIT)
        await stage.people["Zoe"].answer(question["id"], his.id)
        assert (await his.verdict(WAIT))["state"] == "done"
        assert (await hers.verdict(WAIT))["state"] == "overruled"
        rows = await redact_and_look(stage, hers.id)
        decision = next(body for body in map(json.loads, rows.values()) if body.get("question"))
        theirs = [one["text"] for one in decision["question"]["evidence"]["intents"]]
        assert sorted(theirs) == ["[redacted]", his_text]
        assert any("Ben strolls" in option["label"] for option in decision["question"]["options"])


@SIZES
async def test_what_replaced_another_and_what_asked_to(size: int) -> None:
    async with scene() as stage:
        slow = await stage.people["Ben"].intent('append "slow" to plan after 5 seconds')
        await stage.all_see()
        over = await stage.people["Zoe"].override(slow.id, f'append "{words(size)}" to plan')
        assert NAME in (await slow.verdict(WAIT))["reason"]
        await over.verdict(WAIT)
        await redact_and_look(stage, over.id, written=words(size))
    async with scene() as stage:
        slow = await stage.people["Ben"].intent('append "slow" to plan after 4 seconds')
        await stage.all_see()
        over = await stage.people["Ida"].override(slow.id, f'append "{words(size)}" to plan')
        question = await stage.people["Ben"].question(WAIT)
        assert NAME in json.dumps(question, ensure_ascii=False)
        await stage.people["Ben"].answer(question["id"], slow.id)
        await over.verdict(WAIT)
        await slow.verdict(WAIT)
        await redact_and_look(stage, over.id)


@SIZES
async def test_what_was_added_to_anothers_task(size: int) -> None:
    async with scene() as stage:
        slow = await stage.people["Ben"].intent('append "slow" to plan after 1 seconds')
        await stage.all_see()
        added = await stage.people["Zoe"].steer(slow.id, f'append "{words(size)}" to plan')
        assert (await added.verdict(WAIT))["state"] == "merged"
        rows = await redact_and_look(stage, added.id)
        assert any(body.startswith('{"id":') and '"slow\\" to plan' in body for body in rows.values())


@dataclass
class Merger(BuiltinJudge):
    """A merger that quotes what it merges."""

    async def merge(self, task: MergeTask, context: PlanContext) -> Merged:
        group = tuple(item.intent for item in task.items)
        text = f'append "{task.items[0].text[10:60]} {NAME}" to plan'.replace('"', "'")
        return Merged(group, text, {group[0]: f"not all of {task.items[0].text}"}, f"{NAME} and Ben")


@SIZES
async def test_what_was_merged(size: int) -> None:
    policy = PolicyConfig(chain=("merge", "ask", "fair"))
    async with scene(judge=Merger(), policy=policy) as stage:
        for who in ("Zoe", "Ben"):
            stage.people[who].compose()
        hers = await stage.people["Zoe"].intent(f'replace "{LINE}" with "{words(size)}" in plan after 1 seconds')
        his = await stage.people["Ben"].intent(f'replace "{LINE}" with "Ben strolls." in plan after 1 seconds')
        question = await stage.people["Zoe"].question(WAIT)
        for who in ("Zoe", "Ben"):
            await stage.people[who].answer(question["id"], "merge")
        for one in (hers, his):
            await one.verdict(WAIT)
        rows = await redact_and_look(stage, hers.id)
        assert any("Ben strolls" in body for body in rows.values())


@SIZES
async def test_what_the_agent_asked_and_was_answered(size: int) -> None:
    async with scene() as stage:
        asked = await stage.people["Zoe"].intent(f'ask "Is it {words(size)}?" options "{NAME}", "nobody"')
        question = await stage.people["Zoe"].question(WAIT)
        value = question["options"][0]["value"] if question["options"] else NAME
        await stage.people["Zoe"].answer(question["id"], value)
        await asked.verdict(WAIT)
        await redact_and_look(stage, asked.id)


async def test_an_answer_in_somebodys_own_words() -> None:
    async with scene() as stage:
        asked = await stage.people["Ida"].intent('ask "Who is it?"')
        question = await stage.people["Ida"].question(WAIT)
        answer = await stage.people["Zoe"].answer(question["id"], f"It is {NAME}.")
        assert NAME in (await asked.verdict(WAIT))["reason"]
        rows = await redact_and_look(stage, answer.id)
        assert any('"text":"ask \\"Who is it?\\""' in body for body in rows.values())


@SIZES
async def test_what_was_sent_outside(size: int, tmp_path: Path) -> None:
    async with scene(settings=Settings(mail=str(tmp_path))) as stage:
        room = await stage.server.registry.room("demo")
        receivers = {"post": Receiver("mail", "bot@example.org")}
        await room.submit(Configured("owner", ConfigBody(receivers=receivers)))
        zoe = stage.people["Zoe"]
        mailed = await zoe.intent(f'mail "zoe@example.org" subject "{NAME}" saying "{words(size)}"')
        question = await zoe.question(WAIT)
        await zoe.answer(question["id"], mailed.id)
        assert (await mailed.verdict(WAIT))["state"] == "done"
        await zoe.until(lambda r: any(one["kind"] == "effect" for one in r.records), WAIT)
        await redact_and_look(stage, mailed.id)
        assert NAME not in (await stage.http.get("/effects")).text


@SIZES
async def test_what_models_were_told(size: int) -> None:
    async with scripted_model(answerer=obey) as model:
        planner = model.planner()
        await planner._gateway.warm()
        async with scene(planner=planner) as stage:
            id, verdict = await stage.done("Zoe", f'append "{words(size)}" to plan')
            assert verdict["state"] == "done"
            await stage.all_see()
            await stage.done("Ben", 'append "later" to budget.notes')
            assert any(NAME in text for where, text in (await reach(stage)).items() if where.startswith("call"))
            await redact_and_look(stage, id, written=words(size))


async def test_what_comes_while_the_log_is_read_leaves_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async with scene() as stage:
        id, verdict = await stage.done("Zoe", f'append "{words(150)}" to plan')
        await stage.all_see()
        read = redacting.read_all

        async def read_and_go_on(*given: Any) -> Any:
            rows = await read(*given)
            monkeypatch.setattr(redacting, "read_all", read)
            undo = await stage.people["Ben"].undo(verdict["commit"])
            assert NAME in (await undo.verdict(WAIT))["reason"]
            return rows

        monkeypatch.setattr(redacting, "read_all", read_and_go_on)
        await stage.http.post("/redact", json={"intent": id})
        found = {where: text for where, text in (await reach(stage)).items() if NAME in text}
        assert not found, found
        assert verify(*await read_all(stage.server.registry.store, "demo")).ok


async def test_short_words_are_taken_out_without_breaking_what_is_named_like_them() -> None:
    async with scene() as stage:
        id, _ = await stage.done("Zoe", "do")
        plan, _ = await stage.done("Zoe", "plan")
        for one in (id, plan):
            assert (await stage.http.post("/redact", json={"intent": one})).status_code == 200
        rows, journal = await read_all(stage.server.registry.store, "demo")
        assert verify(rows, journal).ok
        entries = fold_log(rows, journal).board.entries
        assert (entries[id].body.text, entries[id].body.kind) == ("[redacted]", "do")


async def test_packed_words_leave_too(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'a.sqlite'}")
    await store.open()
    async with scene(store=store) as stage:
        id, _ = await stage.done("Zoe", f'append "{words(150)}" to plan')
        room = await stage.server.registry.room("demo")
        for at in range(1_100):
            name = ConfigBody(name=f"Demo {at}")
            await room.submit(Configured("owner", name))
        async with asyncio.timeout(WAIT):
            while await store._read(lambda c: c.execute("SELECT count(*) FROM segment").fetchone()[0]) == 0:
                await asyncio.sleep(0.05)
        await redact_and_look(stage, id, written=words(150))
