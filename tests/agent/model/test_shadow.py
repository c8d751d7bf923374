"""A candidate model plans beside the user's path: compared, accounted, never committed."""

from __future__ import annotations

import asyncio

import msgspec

from agent.model.shadow import is_sampled
from tests.agent.model.test_planner import DONE, FORMAL, LOOK, carried_out, task
from tests.support.model import Model, reply, scripted_model, use
from tests.support.plan_context import FakePlanContext
from workspace.intents.model.calls import Shadow
from workspace.intents.model.plan import Planned

OTHER = use("str_replace", document="plan", old_str="Hi folks.", new_str="Yo.")


async def planned(model: Model, *, share: float = 1.0) -> tuple[FakePlanContext, Planned]:
    planner, context = model.planner(), FakePlanContext()
    table = msgspec.structs.replace(planner._gateway.table, shadow=Shadow("candidate", share))
    proposal = await planner.plan(msgspec.structs.replace(task(), routes=table), context)
    assert isinstance(proposal, Planned)
    await asyncio.gather(*planner._shadows.running)
    return context, proposal


async def test_a_shadow_is_compared_and_does_not_serve() -> None:
    replies = [
        reply(LOOK, turn=1), reply(OTHER, turn=2, model="candidate"), reply(FORMAL, turn=2), reply(DONE, turn=3),
    ]  # fmt: skip
    async with scripted_model(replies) as model:
        context, proposal = await planned(model)
    assert "Dear colleagues" in str(carried_out(proposal)["plan"])
    (compared,) = context.compared
    assert (compared.model, compared.is_valid, compared.same_result, compared.same_operations) == (
        "candidate", True, False, False,
    )  # fmt: skip
    assert [opened.shadow for opened in context.opened.values()] == [False] * 3 + [True] * 3
    assert len(context.closed) == 6
    assert all("Yo." not in draft.text for draft in context.drafts)


async def test_the_same_plan_by_both_is_seen_as_the_same() -> None:
    async with scripted_model([reply(LOOK, turn=1), reply(FORMAL, turn=2), reply(DONE, turn=3)]) as model:
        context, _ = await planned(model)
    (compared,) = context.compared
    assert compared.same_result
    assert compared.same_operations
    assert compared.cost_beside > 0


async def test_a_shadow_that_fails_harms_nobody() -> None:
    replies = [
        {"when": {"model": "candidate"}, "error": 500}, reply(LOOK, turn=1), reply(FORMAL, turn=2), reply(DONE, turn=3),
    ]  # fmt: skip
    async with scripted_model(replies) as model:
        context, proposal = await planned(model)
    assert proposal.ops
    (compared,) = context.compared
    assert not compared.is_valid


async def test_nothing_is_shadowed_without_being_sampled() -> None:
    async with scripted_model([reply(LOOK, turn=1), reply(FORMAL, turn=2), reply(DONE, turn=3)]) as model:
        context, _ = await planned(model, share=0.0)
    assert not context.compared
    drawn = sum(is_sampled(f"i{at}", "w", 0.2) for at in range(5_000))
    assert 850 < drawn < 1150
