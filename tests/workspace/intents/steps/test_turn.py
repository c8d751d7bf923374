"""A turn collects what one event led to: sealed in order, entered at once, shown once."""

from __future__ import annotations

from tests.workspace.intents.story import Story
from workspace.intents.model.bodies import ConfigBody, OracleBody, VerdictBody
from workspace.intents.model.events import QuestionClosed, QuestionOpened, RecordAppended, StateChanged
from workspace.intents.model.record import is_linked
from workspace.intents.model.requests import StopPlanner
from workspace.intents.model.times import timestamp
from workspace.intents.state.live_board import LiveBoard
from workspace.intents.steps.turn import Turn


def turn_of(story: Story) -> Turn:
    return Turn(story.fold, LiveBoard.of_board(story.board), 3, 1_234.5)


def test_records_are_sealed_in_a_chain_and_the_fold_sees_each_at_once() -> None:
    story = Story.begun()
    turn = turn_of(story)
    first = turn.append(ConfigBody(name="one"), "Owner")
    assert story.fold.name == "one"
    second = turn.append(ConfigBody(name="two"), "Owner")
    assert (first.seq, second.seq, second.epoch, second.at) == (4, 5, 3, timestamp(1_234.5))
    assert is_linked(first.row, story.rows[-1])
    assert is_linked(second.row, first.row)
    outcome = turn.outcome()
    assert outcome.records == (first, second)
    assert [notice.record for notice in outcome.notices if isinstance(notice, RecordAppended)] == [first, second]


def test_journal_rows_are_numbered_on() -> None:
    story = Story.begun()
    turn, before = turn_of(story), story.fold.jid
    numbers = [turn.journal_row("plan", lane="LAna", actor="Ana", update=b"x") for _ in range(2)]
    assert numbers == [before + 1, before + 2] == [row.jid for row in turn.outcome().journal]
    assert story.fold.jid == before + 2


def test_what_is_wanted_and_said_comes_out_in_order() -> None:
    turn = turn_of(Story.begun())
    turn.request(StopPlanner("i1"))
    turn.tell(QuestionClosed("q1"))
    outcome = turn.outcome()
    assert (outcome.requests, outcome.notices) == ((StopPlanner("i1"),), (QuestionClosed("q1"),))


def test_a_question_that_is_no_more_is_closed_on_every_screen() -> None:
    story = Story.begun()
    opened = story.question(story.planned("Ana"), story.planned("Ben", 9, seen=1))
    assert opened.question is not None
    turn = turn_of(story)
    turn.ask(opened.question)
    turn.show_moved((opened.question.id, "q99"))
    closed = [notice for notice in turn.notices if isinstance(notice, QuestionOpened | QuestionClosed)]
    assert closed == [QuestionOpened(opened.question), QuestionClosed("q99")]


def test_what_a_record_has_moved_without_a_word_is_shown_at_the_end() -> None:
    story = Story.begun()
    target, joining = story.intent("Ana"), story.intent("Ben")
    story.append(OracleBody(oracle="steered", intent=target.id, source=joining.id, reason="Ben added to it"))
    turn = turn_of(story)
    turn.verdict(VerdictBody(target.id, "cancelled", "cancel", "Ana cancelled it."))
    assert not [notice for notice in turn.notices if isinstance(notice, StateChanged)]
    turn.show_moved(())
    assert [n for n in turn.notices if isinstance(n, StateChanged)] == [StateChanged(joining.id, "queued", (), "")]
    turn.show_moved(())
    assert len([n for n in turn.notices if isinstance(n, StateChanged)]) == 1


def test_the_same_is_not_shown_twice() -> None:
    story = Story.begun()
    entry = story.intent()
    turn = turn_of(story)
    for _ in range(2):
        turn.state(entry, "queued", waits_for=("i1",), reason="Waits.")
    assert [n for n in turn.notices if isinstance(n, StateChanged)] == [
        StateChanged(entry.id, "queued", ("i1",), "Waits.")
    ]
