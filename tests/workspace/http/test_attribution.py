"""Who wrote this, and who told the agent to, over HTTP."""

from __future__ import annotations

import pytest

from tests.support.http import WS, http, problem


async def test_words_and_values_name_their_author_and_their_instruction() -> None:
    async with http() as (_, client):
        await client.put(f"{WS}/documents/notes", json={"kind": "text", "content": "By hand. "})
        order = {"text": 'append "By the agent." to notes'}
        told = (await client.post(f"{WS}/intents?wait=20", json=order)).json()
        by_hand = (await client.get(f"{WS}/attribution/notes?quote=By hand")).json()["stretches"]
        assert [(part["text"], part["by"]) for part in by_hand] == [("By hand", "ana")]
        assert "told" not in by_hand[0]
        agents = (await client.get(f"{WS}/attribution/notes?quote=agent")).json()["stretches"]
        assert [[one["intent"] for one in part["told"]] for part in agents] == [[told["id"]]]
        await client.post(f"{WS}/intents?wait=20", json={"text": "set budget.n to 3"})
        value = (await client.get(f'{WS}/attribution/budget?path=["n"]')).json()["stretches"]
        assert value[0]["told"][0]["text"] == "set budget.n to 3"


async def test_the_stretches_of_a_range_are_the_text_again() -> None:
    async with http() as (_, client):
        await client.put(f"{WS}/documents/notes", json={"kind": "text", "content": "one 😀 two\n"})
        await client.post(f"{WS}/intents?wait=20", json={"text": 'replace "two" with "three" in notes'})
        text = (await client.get(f"{WS}/documents/notes")).json()["value"]
        found = (await client.get(f"{WS}/attribution/notes?from=2&to={len(text)}")).json()["stretches"]
        assert "".join(part["text"] for part in found) == text[2:]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("plan?quote=not there", 400, "malformed"),
        ("plan?from=1&to=0", 400, "malformed"),
        ("plan?to=99", 400, "malformed"),
        ("budget?path=n", 400, "malformed"),
        ("budget?path=" + "[" * 3000, 400, "malformed"),
        ("nowhere", 404, "not_found"),
        ("plan?whom=ben", 400, "unknown_parameter"),
    ],
)
async def test_what_cannot_be_attributed_is_told_by_code(query: str, status: int, code: str) -> None:
    async with http() as (_, client):
        problem(await client.get(f"{WS}/attribution/{query}"), status, code)


async def test_who_wrote_what_stands_now_folds_no_log_and_says_what_a_fold_says() -> None:
    async with http() as (server, client):
        await client.put(f"{WS}/documents/notes", json={"kind": "text", "content": "By hand. "})
        await client.post(f"{WS}/intents?wait=20", json={"text": 'append "By the agent." to notes'})
        await client.post(f"{WS}/intents?wait=20", json={"text": "set budget.n to 3"})
        folds = server.registry.reads.folds
        asked = (f"{WS}/attribution/notes", f'{WS}/attribution/budget?path=["n"]')
        now = [(await client.get(address)).json() for address in asked]
        assert server.registry.reads.folds == folds
        await client.put(f"{WS}/documents/later", json={"kind": "text"})
        past = [
            (await client.get(f"{address}{'&' if '?' in address else '?'}at={found['seq']}")).json()
            for address, found in zip(asked, now, strict=True)
        ]
        assert past == now
        assert server.registry.reads.folds == folds + 2
