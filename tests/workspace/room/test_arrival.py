"""Who has caught up is shown where everything stands, and who is writing."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.until import until
from tests.workspace.intents.driver import Driver
from tests.workspace.room.stage import messages, stage
from workspace.intents.model.events import Proposed, Submitted
from workspace.intents.model.intent import IntentFrame, Scope
from workspace.intents.model.plan import Asked, Option
from workspace.protocol.messages import Composing
from workspace.protocol.session import Say
from workspace.room.arrival import INTENTS_AT_ONCE, boards
from workspace.room.context import Handle


@settings(max_examples=examples(5))
@given(count=st.sampled_from([0, 1, INTENTS_AT_ONCE, INTENTS_AT_ONCE + 1, 2 * INTENTS_AT_ONCE]))
def test_every_intent_under_way_is_shown_once_in_parts_of_a_bounded_size(count: int) -> None:
    driver = Driver()
    ids = [driver.ask(f"person {at}") for at in range(count)]
    found = boards(driver.sequencer, driver.sequencer.fold.seq)
    shown = [intent.id for board in found for intent in board.intents]
    assert sorted(shown) == sorted(ids)
    assert all(len(board.intents) <= INTENTS_AT_ONCE for board in found)
    assert [board.whole for board in found].count(True) == 1


def test_an_intent_whose_record_a_socket_has_not_is_told_with_it() -> None:
    driver = Driver()
    id = driver.ask("Ana")
    seq = driver.sequencer.fold.board.entries[id].seq
    (before,), (after,) = (boards(driver.sequencer, seen) for seen in (seq - 1, seq))
    assert before.intents[0].begun is None, "its record comes"
    assert after.intents[0].begun is not None
    assert (after.intents[0].begun.seq, after.intents[0].begun.actor) == (seq, "Ana")


def test_an_open_question_is_shown_until_it_is_answered() -> None:
    driver = Driver()
    id = driver.ask("Ana")
    assert boards(driver.sequencer, 0)[0].questions == ()
    options = (Option("y", "Yes"), Option("n", "No"))
    driver.handle(Proposed(id, driver.tasks[id].attempt, Asked("Which?", options)))
    (question,) = boards(driver.sequencer, 0)[0].questions
    assert (question.id, question.answers) == (driver.question, {})
    driver.ask("Ana", "", kind="answer", refs=(driver.question,), value="y")
    assert boards(driver.sequencer, 0)[0].questions == ()


async def test_who_composes_is_seen_by_all_others_until_they_stop_or_leave() -> None:
    async with stage() as one:
        ana, ben = await one.follow("ana"), await one.follow("ben")
        messages(ana), messages(ben)
        command = Say(Composing(on=True, scope=(Scope("plan"),)))
        await one.room.read(lambda: one.room.commands.take(ana, command))
        (seen,) = messages(ben)
        assert (seen["type"], seen["actor"], seen["on"]) == ("composing", "ana", True)
        assert messages(ana) == []
        late = await one.follow("chen")
        (board,) = [message for message in messages(late) if message["type"] == "board"]
        assert [note["actor"] for note in board["composing"]] == ["ana"]
        await one.room.read(lambda: one.room.hub.leave(ana))
        assert [message["on"] for message in messages(ben) if message["type"] == "composing"] == [False]


async def test_a_board_is_shown_once_what_it_says_is_durable() -> None:
    async with stage() as one:
        peer = await one.follow("ana")
        messages(peer)
        one.store.is_held = True

        event = Submitted("L9", "ana", "editor", IntentFrame(n=1, text="do it", seen=0), 0, "r")

        def shows(handle: Handle) -> None:
            handle(event)
            one.room.hub.log.arrivals.show(peer, 0)

        showing = asyncio.create_task(one.room.write(shows))
        await until(lambda: one.store.waiting)
        assert messages(peer) == []
        one.store.is_held = False
        while one.store.waiting:
            one.store.write()
        await showing
        assert "board" in [message["type"] for message in messages(peer)]
