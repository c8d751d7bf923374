"""S5: somebody edits inside the paragraph that the agent is rewriting."""

from __future__ import annotations

import asyncio

import pytest

from tests.scenarios.stage import WAIT, Stage, records_of, run_story

LINE = "A short walk, then the talks."
TYPED = " through the 🌲 woods"
INSIDE = "A short walk"


async def typing_inside(stage: Stage) -> None:
    ana = await stage.person("Ana")
    chen = await stage.hand("Chen")
    ana.compose()
    order = f'make section "Programme" uppercase in plan after {stage.chance.uniform(1.4, 1.9):.2f} seconds'
    intent = await ana.intent(order, doc="plan")

    async def type_by_hand() -> None:
        await stage.delay(0.3)
        for at, char in enumerate(TYPED):
            await chen.write(INSIDE + TYPED[:at], char)
            await stage.delay(0.01)

    await asyncio.gather(type_by_hand(), intent.verdict(WAIT))
    verdict = intent.last.verdict
    assert verdict is not None
    assert verdict["state"] == "suggested", verdict
    assert verdict["code"] in ("human_edit", "stale")
    assert INSIDE + TYPED in chen.text(), "human text is byte-complete"
    assert not records_of(ana, "commit")
    # The author looks, and asks for it all the same: now it is an instruction on what stands there.
    await ana.until(lambda r: sum(u["body"]["count"] for u in records_of(r, "update")) >= len(TYPED), WAIT)
    approval = await ana.approve(intent.id)
    assert (await approval.verdict(WAIT))["state"] == "done"
    await chen.until(lambda hand: (INSIDE + TYPED).upper() in hand.text(), WAIT)


async def test_human_text_inside_a_rewrite_is_never_overwritten_unseen() -> None:
    await run_story(typing_inside)


@pytest.mark.stock
async def test_nor_that_of_a_stock_client() -> None:
    await run_story(typing_inside, runs=5, stock=True)
