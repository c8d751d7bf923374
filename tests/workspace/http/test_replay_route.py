"""`POST …/replay`: an audit with its breaches, and what another policy would have decided."""

from __future__ import annotations

from unittest.mock import patch

import pytest

import workspace.intents.steps.commit_round as committing
from tests.workspace.http.test_routes import WS, http, problem


async def test_what_if_takes_some_fields_and_leaves_the_others() -> None:
    async with http() as (_, client):
        await client.post(f"{WS}/intents?wait=20", json={"text": "set budget.food to 5"})
        order = {"mode": "what-if", "policy": {"human_edit": "ask"}}
        found = (await client.post(f"{WS}/replay", json=order)).json()
        assert found["mode"] == "what-if"
        assert "first" not in found["decisions"] or found["decisions"]["first"] is None
        assert "report" not in found
        unknown = await client.post(f"{WS}/replay", json={"mode": "what-if", "policy": {"quorum": 3}})
        problem(unknown, 400, "unknown_field")
        for policy in ({"vote_quorum": "many"}, {"chain": ["dice"]}, {"ask_seconds": 1e9}):
            refused = await client.post(f"{WS}/replay", json={"mode": "what-if", "policy": policy})
            problem(refused, 400, "malformed")
        problem(await client.post(f"{WS}/replay", json={"mode": "what-if"}), 400, "malformed")


@pytest.mark.damages_logs
async def test_an_audit_names_the_record_that_should_not_be() -> None:
    order = {
        "text": "set budget.food to 6",
        "expects": [{"doc": "budget", "path": ["food"], "equals": 1}],
    }
    async with http() as (_, client):
        with patch.object(committing, "unmet_expectation", lambda *args: None):
            done = (await client.post(f"{WS}/intents?wait=20", json=order)).json()
        assert done["state"] == "done"
        report = (await client.post(f"{WS}/replay", json={"mode": "audit"})).json()["report"]
        assert (report["ok"], report["code"]) == (False, "gate_breached")
        (breach,) = report["breaches"]
        assert breach["condition"] == "C5"
        assert breach["seq"] == report["first_bad"]
        assert "budget/food" in breach["reason"]
        assert not (await client.get(f"{WS}/verify")).json()["ok"]
        before = {"mode": "audit", "to": breach["seq"] - 1}
        assert (await client.post(f"{WS}/replay", json=before)).json()["report"]["ok"]
