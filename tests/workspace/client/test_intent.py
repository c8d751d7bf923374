"""An intent of one's own as the Python client sees it: its states in order, up to its verdict and no further."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace.client.intent import Intent, IntentState, Message, is_over

VERDICT = IntentState("done", "It is done.", (), {"state": "done", "reason": "It is done."})


def intent(*states: IntentState) -> Intent:
    queue: asyncio.Queue[IntentState] = asyncio.Queue()
    for state in states:
        queue.put_nowait(state)
    return Intent("i1", 1, 1, queue, IntentState("queued"))


@given(names=st.lists(st.sampled_from(["parked", "queued", "planning", "ready"]), max_size=6))
def test_every_state_comes_once_in_order_and_the_verdict_is_the_end(names: list[str]) -> None:
    async def told() -> list[str]:
        own = intent(*(IntentState(name) for name in names), VERDICT, IntentState("never told"))
        return [state.name async for state in own.states()]

    assert asyncio.run(told()) == [*names, "done"]


async def test_a_verdict_that_came_is_given_again_and_at_once() -> None:
    own = intent(IntentState("planning"), VERDICT)
    assert (await own.verdict())["state"] == "done"
    assert (await own.verdict(0.0))["reason"] == "It is done."


async def test_a_verdict_that_does_not_come_is_a_timeout() -> None:
    own = intent(IntentState("planning"))
    with pytest.raises(TimeoutError):
        await own.verdict(0.0)
    assert own.last.name == "planning", "what has come until then is known"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"type": "closed", "id": "d3"}, True),
        ({"type": "closed", "id": "d4"}, False),
        ({"type": "board", "whole": True, "questions": []}, True),
        ({"type": "board", "whole": True, "questions": [{"id": "d3"}]}, False),
        ({"type": "board", "whole": False, "questions": []}, False),
    ],
)
def test_a_question_is_over_where_the_server_says_so_or_a_whole_board_lacks_it(
    message: Message, expected: bool
) -> None:
    assert is_over("d3", message) is expected
