"""Documents as a whole over HTTP: who may do what, what an address answers afterwards, and how many may live."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from agent.builtin.planner import BuiltinPlanner
from tests.support.http import WS, client_of, http, problem
from tests.support.server import running_server
from workspace.settings import Settings

PLAN = f"{WS}/documents/plan"


async def names(client: httpx2.AsyncClient, state: str = "living") -> list[str]:
    return [row["name"] for row in (await client.get(f"{WS}/documents?state={state}")).json()]


async def log_seq(client: httpx2.AsyncClient) -> int:
    return int((await client.get(WS)).json()["seq"])


async def test_a_document_is_deleted_and_restored_with_what_it_held() -> None:
    async with http("owner") as (_, client):
        await client.post(f"{WS}/intents?wait=20", json={"text": 'append "kept" to plan'})
        before = await log_seq(client)
        gone = await client.delete(PLAN)
        assert (gone.status_code, gone.json()["state"], gone.json()["by"]) == (200, "deleted", "ana")
        problem(await client.get(PLAN), 410, "document_deleted")
        assert (await client.get(f"{PLAN}?at={before}&format=text")).text == "kept\n", "the past has it"
        assert (await names(client), await names(client, "deleted")) == (["budget"], ["plan"])
        assert (await client.get(WS)).json()["documents"] == {"budget": "data"}
        seq = await log_seq(client)
        assert (await client.delete(PLAN)).status_code == 200
        assert await log_seq(client) == seq, "the same again changes nothing"
        asked = await client.post(f"{WS}/intents?wait=20", json={"text": "x", "scope": [{"doc": "plan"}]})
        problem(asked, 410, "document_deleted")
        back = await client.patch(PLAN, json={"state": "living"})
        assert (back.status_code, back.json()["state"]) == (200, "living")
        assert (await client.get(f"{PLAN}?format=text")).text == "kept\n"
        assert (await client.get(f"{WS}/verify")).json()["ok"]


async def test_what_is_archived_is_read_and_not_written() -> None:
    async with http("owner") as (_, client):
        assert (await client.patch(PLAN, json={"state": "archived"})).json()["state"] == "archived"
        assert (await client.get(PLAN)).status_code == 200
        assert (await names(client), await names(client, "archived")) == (["budget"], ["plan"])
        problem(await client.put(PLAN, json={"kind": "data"}), 409, "exists")
        asked = await client.post(f"{WS}/intents?wait=20", json={"text": 'append "x" to plan'})
        assert asked.json()["verdict"]["state"] == "rejected"
        scoped = await client.post(f"{WS}/intents?wait=20", json={"text": "x", "scope": [{"doc": "plan"}]})
        problem(scoped, 409, "document_archived")


async def test_an_old_name_says_which_is_the_new_one_until_it_is_anothers() -> None:
    async with http() as (_, client):
        done = await client.patch(PLAN, json={"name": "specs/the plan?"})
        assert (done.status_code, done.json()["name"], done.json()["id"]) == (200, "specs/the plan?", "plan")
        for method, path in (("GET", f"{PLAN}?format=text"), ("PATCH", PLAN), ("DELETE", PLAN)):
            moved = await client.request(method, path, json={"name": "x"} if method == "PATCH" else None)
            problem(moved, 301, "document_renamed")
            query = "?format=text" if "?" in path else ""
            assert moved.headers["location"] == f"{WS}/documents/specs/the%20plan%3F{query}"
        assert (await client.get(moved.headers["location"])).json()["name"] == "specs/the plan?"
        problem(await client.get(f"{WS}/attribution/plan"), 301, "document_renamed")
        made = await client.put(PLAN, json={"kind": "text", "content": "another"})
        assert made.status_code == 201
        assert (await client.get(f"{PLAN}?format=text")).text == "another"
        assert (await client.get(f"{WS}/documents/_id/plan?format=text")).text == "", "by its id the first one"
        ids = (await client.get(WS)).json()["ids"]
        assert ids["specs/the plan?"] == "plan" != ids["plan"]
        problem(await client.patch(PLAN, json={"name": "budget"}), 409, "exists")
        problem(await client.patch(PLAN, json={"name": "_own"}), 400, "bad_name")
        assert (await client.get(f"{WS}/attribution/plan?quote=another")).json()["document"] == "plan"
        edited = await client.post(f"{WS}/intents?wait=20", json={"text": 'append "more" to plan'})
        assert edited.json()["verdict"]["did"] == ["plan: inserted “\nmore”"]
        assert (await client.get(f"{WS}/verify")).json()["ok"]


async def test_an_editor_renames_and_no_more_and_others_nothing() -> None:
    async with running_server(planner=BuiltinPlanner()) as server:
        for role, may in (("viewer", 0), ("commenter", 0), ("editor", 1), ("owner", 4)):
            async with client_of(server, role, role) as client:
                wanted = ({"name": f"by-{role}"}, {"state": "archived"}, {"state": "living"})
                answers = [await client.patch(f"{WS}/documents/_id/plan", json=body) for body in wanted]
                answers.append(await client.delete(f"{WS}/documents/_id/plan"))
                assert [one.status_code for one in answers] == [200] * may + [403] * (4 - may)
                for refused in answers[may:]:
                    problem(refused, 403, "forbidden")
                    assert role in refused.json()["detail"]


async def test_a_change_is_a_name_or_a_state() -> None:
    async with http("owner") as (_, client):
        for body in ({}, {"name": "x", "state": "deleted"}, {"state": "thrown"}, {"name": ""}):
            response = await client.patch(PLAN, json=body)
            assert (response.status_code, response.json()["code"] in ("malformed", "bad_name")) == (400, True)
        problem(await client.patch(f"{WS}/documents/nowhere", json={"name": "x"}), 404, "not_found")
        problem(await client.get(f"{WS}/documents?state=odd"), 400, "malformed")


async def test_the_bound_is_on_those_that_live() -> None:
    async with running_server(settings=Settings(documents_max=3)) as server, client_of(server, "o", "owner") as client:
        assert (await client.put(f"{WS}/documents/third", json={})).status_code == 201
        problem(await client.put(f"{WS}/documents/fourth", json={}), 413, "too_large")
        await client.delete(PLAN)
        assert (await client.put(f"{WS}/documents/fourth", json={})).status_code == 201
        problem(await client.patch(PLAN, json={"state": "living"}), 413, "too_large")
        await client.patch(f"{WS}/documents/fourth", json={"state": "archived"})
        assert (await client.patch(PLAN, json={"state": "living"})).status_code == 200


async def test_one_whose_name_is_taken_is_restored_under_another() -> None:
    async with http("owner") as (_, client):
        await client.delete(PLAN)
        assert (await client.put(PLAN, json={"kind": "text", "content": "new"})).status_code == 201
        by_id = f"{WS}/documents/_id/plan"
        problem(await client.patch(by_id, json={"state": "living"}), 409, "exists")
        back = await client.patch(by_id, json={"state": "living", "name": "old plan"})
        assert (back.status_code, back.json()["name"]) == (200, "old plan")
        assert await names(client) == ["budget", "old plan", "plan"]


async def test_a_restore_by_a_name_that_was_taken_is_of_the_one_that_was_deleted() -> None:
    async with http("owner") as (_, client):
        await client.delete(PLAN)
        assert (await client.put(PLAN, json={"kind": "text", "content": "new"})).status_code == 201
        problem(await client.patch(PLAN, json={"state": "living"}), 409, "exists")
        back = await client.patch(PLAN, json={"state": "living", "name": "old plan"})
        assert (back.status_code, back.json()["name"], back.json()["id"]) == (200, "old plan", "plan")
        assert (await client.get(f"{PLAN}?format=text")).text == "new"
        refused = await client.patch(PLAN, json={"state": "living", "name": "other"})
        problem(refused, 409, "exists")
        assert refused.json()["detail"] == "plan lives, and nothing that was called so is put away."
        same = await client.patch(PLAN, json={"state": "living"})
        assert (same.status_code, same.json()["name"], same.json()["state"]) == (200, "plan", "living")
        assert (await client.patch(PLAN, json={"name": "goal"})).json()["name"] == "goal", "a rename is one"
        assert (await client.get(f"{WS}/verify")).json()["ok"]


async def test_of_several_by_one_name_a_restore_says_their_ids() -> None:
    async with http("owner") as (_, client):
        ids = [(await client.delete(PLAN)).json()["id"]]
        for _ in range(2):
            await client.put(PLAN, json={"kind": "text", "content": "again"})
            ids.append((await client.delete(PLAN)).json()["id"])
        await client.put(PLAN, json={"kind": "text", "content": "last"})
        refused = await client.patch(PLAN, json={"state": "living", "name": "back"})
        problem(refused, 409, "ambiguous")
        told = refused.json()["detail"]
        assert all(f"_id/{id}" in told for id in ids)
        asked = {"text": 'restore document plan as "back"'}
        verdict = (await client.post(f"{WS}/intents?wait=20", json=asked)).json()["verdict"]
        assert (verdict["state"], verdict["code"], verdict["reason"]) == ("rejected", "ambiguous", told)
        asked = {"text": f'restore document "_id/{ids[1]}" as "back"'}
        assert (await client.post(f"{WS}/intents?wait=20", json=asked)).json()["verdict"]["state"] == "done"
        assert (await client.get(f"{WS}/documents/back?format=text")).text == "again"
        assert (await client.get(f"{WS}/verify")).json()["ok"]


@pytest.mark.parametrize("state", ["archived", "deleted"])
async def test_what_was_put_away_keeps_its_name(state: str) -> None:
    async with running_server(planner=BuiltinPlanner()) as server:
        async with client_of(server, "o", "owner") as owner, client_of(server, "e") as editor:
            await owner.patch(PLAN, json={"state": state})
            for client, path in ((editor, PLAN), (editor, f"{WS}/documents/_id/plan"), (owner, PLAN)):
                status = 409 if state == "archived" else 410
                problem(await client.patch(path, json={"name": "other"}), status, f"document_{state}")
            asked = {"text": "rename document plan to other"}
            verdict = (await editor.post(f"{WS}/intents?wait=20", json=asked)).json()["verdict"]
            assert (verdict["state"], verdict["code"]) == ("rejected", f"document_{state}")
            back = await owner.patch(PLAN, json={"state": "living", "name": "other"})
            assert (back.status_code, back.json()["name"]) == (200, "other")


async def test_an_instruction_restores_what_was_deleted_though_its_name_was_taken() -> None:
    async with http("owner") as (_, client):
        await client.delete(PLAN)
        await client.put(PLAN, json={"kind": "text", "content": "new"})
        for words, state in (
            ("restore document plan", "rejected"),
            ('restore document plan as "old plan"', "done"),
            ("restore document plan", "rejected"),
            ('restore document plan as "other"', "rejected"),
        ):
            verdict = (await client.post(f"{WS}/intents?wait=20", json={"text": words})).json()["verdict"]
            assert (verdict["state"], "restored" in verdict["reason"]) == (state, state == "done"), verdict
        assert await names(client) == ["budget", "old plan", "plan"]
        assert (await client.get(f"{PLAN}?format=text")).text == "new"


async def test_of_two_who_rename_and_make_at_once_one_has_the_name() -> None:
    async with http() as (_, client):
        answers = await asyncio.gather(
            client.patch(PLAN, json={"name": "goal"}), client.put(f"{WS}/documents/goal", json={"kind": "data"})
        )
        assert sorted(one.status_code < 300 for one in answers) == [False, True]
        assert (await names(client)).count("goal") == 1


async def test_instructions_do_it_too() -> None:
    async with http("owner") as (_, client):
        for words, listed in (
            ("rename document plan to schedule", ["budget", "schedule"]),
            ("archive document schedule", ["budget"]),
            ("please restore the schedule document", ["budget", "schedule"]),
            ("delete document schedule", ["budget"]),
            ('restore document schedule as "the plan"', ["budget", "the plan"]),
        ):
            done = (await client.post(f"{WS}/intents?wait=20", json={"text": words})).json()["verdict"]
            assert (done["state"], len(done["did"]), await names(client)) == ("done", 1, listed)
        assert (await client.get(f"{WS}/verify")).json()["ok"]


async def test_a_rule_and_a_region_hold_for_the_document_that_is_called_so() -> None:
    async with http("owner") as (_, client):
        await client.patch(f"{WS}/documents/budget", json={"name": "costs"})
        rule = {"rule": "sum_at_most", "doc": "costs", "path": [], "limit": 10}
        region = {"doc": "costs", "chain": ["first"]}
        put = await client.put(f"{WS}/config", json={"invariants": {"cap": rule}, "policy": {"regions": [region]}})
        shown = put.json()
        assert (shown["invariants"]["cap"]["doc"], shown["policy"]["regions"][0]["doc"]) == ("costs", "costs")
        over = (await client.post(f"{WS}/intents?wait=20", json={"text": "set costs.food to 50"})).json()["verdict"]
        assert over["state"] != "done", over
        assert (await client.post(f"{WS}/intents?wait=20", json={"text": "set costs.food to 5"})).json()["verdict"][
            "state"
        ] == "done"


async def test_forks_replays_and_redactions_know_it() -> None:
    async with http("owner", ws=None) as (_, client):
        await client.post(f"{WS}/intents?wait=20", json={"text": 'append "kept" to plan'})
        deleted = (await client.post(f"{WS}/intents?wait=20", json={"text": "delete document plan"})).json()
        at = (await client.get(WS)).json()["seq"]
        await client.patch(PLAN, json={"state": "living", "name": "schedule"})
        for id, past in (("now", None), ("then", at), ("before", deleted["seq"] - 1)):
            made = await client.post(f"{WS}/fork", json={"id": id, **({"at": past} if past else {})})
            assert made.status_code == 201, made.text
        forks = {
            id: (await client.get(f"/api/workspaces/{id}")).json()["documents"] for id in ("now", "then", "before")
        }
        assert [sorted(forks[id]) for id in forks] == [["budget", "schedule"], ["budget"], ["budget", "plan"]]
        assert (await client.get("/api/workspaces/before/documents/plan?format=text")).text == "kept\n"
        audit = await client.post(f"{WS}/replay", json={"mode": "audit"})
        assert audit.json()["report"]["ok"]
        assert (await client.post(f"{WS}/redact", json={"intent": deleted["id"]})).status_code == 200
        assert (await client.get(f"{WS}/verify")).json()["ok"], "what it named nobody reads any more"
        assert (await client.get(f"{WS}/documents/schedule?format=text")).text == "kept\n"
