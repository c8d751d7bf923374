"""Intents over HTTP: given once, waited for, read back whole."""

from __future__ import annotations

import pytest

from tests.support.http import JSON_TYPED, WS, client_of, http, problem


async def test_an_instruction_runs_and_its_story_is_readable() -> None:
    async with http() as (_, client):
        done = (await client.post(f"{WS}/intents?wait=20", json={"text": "set budget.food to 5"})).json()
        assert done["verdict"]["state"] == done["state"] == "done"
        entry = (await client.get(f"{WS}/intents/{done['id']}")).json()
        assert entry["intent"]["text"] == "set budget.food to 5"
        assert entry["plan"]["ops"][0]["op"] == "set"
        assert [e["id"] for e in (await client.get(f"{WS}/intents?state=done")).json()] == [done["id"]]
        assert (await client.get(f"{WS}/documents/budget")).json()["value"] == {"food": 5}
        assert (await client.get(f"{WS}/documents/budget?format=text")).text == '{\n  "food": 5\n}'
        before = (await client.get(f"{WS}/documents/budget?at={done['seq']}")).json()
        assert before["value"] == {}
        report = (await client.get(f"{WS}/verify")).json()
        assert report["ok"]
        assert report["head"] == report["checked"]
        audit = (await client.post(f"{WS}/replay", json={"mode": "audit"})).json()
        assert audit["report"]["ok"]


async def test_an_idempotency_key_makes_it_safe_to_repeat() -> None:
    async with http() as (_, client):
        order = {"text": 'append "once" to plan'}
        key = {"idempotency-key": "order-7"}
        first = (await client.post(f"{WS}/intents?wait=20", json=order, headers=key)).json()
        again = (await client.post(f"{WS}/intents?wait=20", json=order, headers=key)).json()
        assert again["id"] == first["id"]
        assert (await client.get(f"{WS}/documents/plan")).json()["value"] == "once\n"
        other = await client.post(f"{WS}/intents", json={"text": "something else"}, headers=key)
        problem(other, 409, "equivocation")


async def test_nobody_claims_to_have_seen_what_was_not_sent() -> None:
    async with http() as (_, client):
        problem(await client.post(f"{WS}/intents", json={"text": "x", "seen": 2}), 409, "bad_clock")
        await client.get(f"{WS}/log")
        assert (await client.post(f"{WS}/intents", json={"text": "x", "seen": 2})).status_code == 202


async def test_without_a_stamp_an_instruction_has_seen_what_is_durable_and_a_repeat_says_the_same() -> None:
    async with http() as (server, client):
        key = {"idempotency-key": "order-8"}
        first = (await client.post(f"{WS}/intents?wait=20", json={"text": "set budget.food to 5"}, headers=key)).json()
        entry = (await client.get(f"{WS}/intents/{first['id']}")).json()
        assert entry["intent"]["seen"] == first["seq"] - 1 > 0, "all that was there, though nobody has asked for it"
        second = (await client.post(f"{WS}/intents?wait=20", json={"text": "set budget.food to 6"})).json()
        seen = (await client.get(f"{WS}/intents/{second['id']}")).json()["intent"]["seen"]
        assert seen == second["seq"] - 1 > first["seq"], "the first one's verdict, too"
        again = await client.post(f"{WS}/intents", json={"text": "set budget.food to 5"}, headers=key)
        assert again.json()["id"] == first["id"], "much has happened since"
        numbered = await client.post(f"{WS}/intents", json={"text": "set budget.food to 6", "n": 1})
        assert numbered.json()["id"] == second["id"], "by its number, too"
        # The stamps of a token's own lane only rise.
        problem(await client.post(f"{WS}/intents", json={"text": "x", "seen": seen - 1}), 409, "bad_clock")
        async with client_of(server, "ben") as ben:
            third = (await ben.post(f"{WS}/intents", json={"text": "set budget.food to 7", "seen": 0})).json()
            assert (await ben.get(f"{WS}/intents/{third['id']}")).json()["intent"]["seen"] == 0, "less may be claimed"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"not json", 400, "malformed"),
        (b"[1]", 400, "malformed"),
        (b'{"text": 5}', 400, "malformed"),
        (b'{"text": ""}', 400, "malformed"),
        (b'{"text": "' + b"x" * 9000 + b'"}', 413, "too_large"),
        (b'{"text": "' + b"x" * (2 << 20) + b'"}', 413, "too_large"),
        (b'{"text": "x", "scope": [{"doc": "nowhere"}]}', 422, "bad_scope"),
        (b'{"text": "x", "expects": [{"doc": "plan", "equals": ' + b"[" * 100 + b"]" * 100 + b"}]}", 400, "malformed"),
        (b'{"kind": "cancel", "refs": ["i999"]}', 400, "malformed"),
    ],
)
async def test_bad_bodies_are_told_by_code(body: bytes, status: int, code: str) -> None:
    async with http() as (_, client):
        problem(await client.post(f"{WS}/intents", content=body, headers=JSON_TYPED), status, code)


async def test_the_board_is_shown_newest_first_by_state_and_as_it_stood() -> None:
    async with http() as (_, client):
        first = (await client.post(f"{WS}/intents?wait=20", json={"text": "set budget.a to 1"})).json()
        second = (await client.post(f"{WS}/intents?wait=20", json={"text": "dance"})).json()
        assert [first["state"], second["state"]] == ["done", "rejected"]
        assert [e["id"] for e in (await client.get(f"{WS}/intents")).json()] == [second["id"], first["id"]]
        assert [e["id"] for e in (await client.get(f"{WS}/intents?state=rejected")).json()] == [second["id"]]
        then = (await client.get(f"{WS}/intents?at={first['seq']}")).json()
        assert [(e["intent"], e["state"]) for e in then] == [(first["id"], "queued")]
        problem(await client.get(f"{WS}/intents?at=999"), 400, "malformed")
        problem(await client.get(f"{WS}/intents/i999"), 404, "not_found")


async def test_without_a_number_the_server_counts_for_the_token() -> None:
    async with http() as (server, client):
        acks = [(await client.post(f"{WS}/intents", json={"text": f"set budget.n to {n}"})).json() for n in range(3)]
        assert [ack["n"] for ack in acks] == [1, 2, 3]
        async with client_of(server, "ben") as other:
            assert (await other.post(f"{WS}/intents", json={"text": "set budget.n to 9"})).json()["n"] == 1
        problem(await client.post(f"{WS}/intents", json={"text": "x", "n": 9}), 409, "gap")


async def test_a_key_has_a_bound_and_a_wait_that_ends_without_a_verdict_says_so() -> None:
    async with http() as (_, client):
        long = {"idempotency-key": "k" * 201}
        problem(await client.post(f"{WS}/intents", json={"text": "x"}, headers=long), 400, "malformed")
        problem(await client.post(f"{WS}/intents?wait=301", json={"text": "x"}), 400, "malformed")
        slow = {"text": "set budget.n to 1 after 60 seconds"}
        answer = await client.post(f"{WS}/intents?wait=1", json=slow)
        assert answer.status_code == 202
        assert answer.json()["verdict"] is None
