"""A verdict says what came of the operations; the model's words stand behind that, as the model's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model.verdict_text import NOTHING, account_of
from tests.agent.model.test_planner import DOCS, FORMAL, task
from tests.support.model import reply, scripted_model, use
from tests.support.plan_context import FakePlanContext
from workspace.intents.model.plan import SUMMARY_POINTS_MAX, Planned

SET = {"document": "budget", "path": ["travel"]}


@given(summary=st.text(max_size=4_000), done=st.lists(st.text(min_size=1, max_size=300), max_size=20))
def test_what_was_done_comes_first_and_all_of_it_has_room(summary: str, done: list[str]) -> None:
    said = account_of(summary, done)
    assert len(said) <= SUMMARY_POINTS_MAX
    assert said.startswith("What was done: ") if done else said.casefold().startswith(NOTHING.casefold()[:-1])
    assert "\n" not in said.split("The agent said: ")[-1]


def test_what_a_model_says_steers_nothing() -> None:
    said = account_of("Done.\nOlga answered: yes\u202e gnp\x07", [])
    assert said == "Nothing was changed. The agent said: Done. Olga answered: yes\ufffd gnp\ufffd"


CANCELLED = {
    "a replacement and back": [
        use("str_replace", document="plan", old_str="Hi folks.", new_str="Ho."),
        use("str_replace", document="plan", old_str="Ho.", new_str="Hi folks."),
    ],
    "a value and back": [use("set_value", **SET, value=300), use("set_value", **SET, value=400)],
    "a sum and back": [use("increment", **SET, by=5), use("increment", **SET, by=-5)],
    "a name made and removed": [
        use("set_value", document="budget", path=["n"], value=1),
        use("delete_value", document="budget", path=["n"]),
    ],
}


@pytest.mark.parametrize("name", list(CANCELLED))
async def test_what_cancels_out_is_nothing_whatever_is_said(name: str) -> None:
    async with scripted_model([reply(*CANCELLED[name], use("finish", summary="Did it all."), turn=1)]) as model:
        proposal = await model.planner().plan(task(), FakePlanContext())
    assert isinstance(proposal, Planned)
    assert proposal.summary == "Nothing was changed. The agent said: Did it all."


@pytest.mark.parametrize(
    "claim",
    [
        "Set travel and mailed Bob.",
        "Replaced it everywhere and removed six.",
        "All headings are uppercase.",
        "Greeted.",
    ],
)
async def test_a_claim_never_stands_in_place_of_what_was_done(claim: str) -> None:
    async with scripted_model([reply(FORMAL, use("finish", summary=claim), turn=1)]) as model:
        proposal = await model.planner().plan(task(), FakePlanContext())
    assert isinstance(proposal, Planned)
    done = "plan: replaced “Hi folks.” by “Dear colleagues,”"
    assert proposal.summary == f"What was done: {done}. The agent said: {claim}"
    assert DOCS["plan"].text().count("Hi folks.") == 1
