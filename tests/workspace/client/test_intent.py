"""An intent of one's own as the Python client sees it: its states in order, up to its verdict and no further."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace.client.faults import Disconnected, Overdue
from workspace.client.intent import STATES_KEPT, Intent, IntentState, Message, PendingAnswer, is_over

VERDICT = IntentState("done", "It is done.", (), {"state": "done", "reason": "It is done."})


def intent(*states: IntentState) -> Intent:
    own = Intent("i1", 1, 1, IntentState("queued"))
    for state in states:
        own.tell(state)
    return own


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
    with pytest.raises(TimeoutError) as raised:
        await own.verdict(0.0)
    assert isinstance(raised.value, Overdue)
    assert (raised.value.code, own.last.name) == ("overdue", "planning"), "what has come until then is known"


async def test_several_who_wait_for_one_verdict_all_get_it_and_one_that_gives_up_disturbs_none() -> None:
    own = intent(IntentState("planning"))

    async def names() -> list[str]:
        return [state.name async for state in own.states()]

    waiting = [asyncio.create_task(own.verdict()) for _ in range(3)]
    reading = [asyncio.create_task(names()) for _ in range(2)]
    await asyncio.sleep(0)
    waiting.pop().cancel()
    await asyncio.sleep(0)
    own.tell(VERDICT)
    assert [verdict["state"] for verdict in await asyncio.gather(*waiting)] == ["done", "done"]
    assert await asyncio.gather(*reading) == [["planning", "done"]] * 2


async def test_states_that_are_not_read_are_bounded_and_the_next_says_how_many_are_missing() -> None:
    own = intent(*(IntentState("planning", str(at)) for at in range(STATES_KEPT + 7)), VERDICT)
    states = [state async for state in own.states()]
    assert len(states) == STATES_KEPT
    assert [state.missed for state in states] == [8, *[0] * (STATES_KEPT - 1)]
    assert states[-1] == VERDICT


async def test_who_waits_when_the_connection_is_gone_is_told_and_a_verdict_that_came_stays() -> None:
    own, ended = intent(IntentState("planning")), intent(VERDICT)
    waiting = asyncio.create_task(own.verdict())
    await asyncio.sleep(0)
    for one in (own, ended):
        one.end(Disconnected("lost", "It is gone."))
    with pytest.raises(Disconnected):
        await waiting
    with pytest.raises(Disconnected):
        async for _ in own.states():
            pass
    assert (await ended.verdict())["state"] == "done"


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


async def test_who_gives_up_an_answer_leaves_it_said_and_the_first_answer_counts() -> None:
    said = PendingAnswer(b"", asyncio.get_running_loop().create_future())
    waiting = asyncio.create_task(said.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    said.resolve({"type": "ack"})
    said.resolve(Disconnected("lost", "It is gone."))
    assert await said.wait() == {"type": "ack"}
