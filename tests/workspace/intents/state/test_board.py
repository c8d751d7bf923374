"""The board is what the records say, one by one: each kind moves what it is about, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.workspace.intents.story import Story
from workspace.intents.model.bodies import ConfigBody, OracleBody, Question
from workspace.intents.model.oracle import Judgement
from workspace.intents.model.plan import Exchange, Option
from workspace.intents.model.policies import RuledBy
from workspace.intents.state.board import LOSSES_LOOKED_AT, VARIANT_PLANNER, Entry
from workspace.intents.state.live_board import LiveBoard


def oracle(story: Story, kind: Any, entry: Entry, **more: Any) -> None:
    story.append(OracleBody(oracle=kind, intent=entry.id, **more))


def ask_author(story: Story, entry: Entry) -> Question:
    """The agent asks the author of an instruction something."""
    question = Question(f"q{story.fold.seq + 1}", (entry.id,), "Which price?", (Option("low", "Low"),), 99.0, "")
    oracle(story, "question", entry, question=question)
    return question


def test_an_intent_goes_from_the_queue_over_its_plan_to_its_one_end() -> None:
    story = Story.begun()
    entry = story.intent()
    assert (entry.state, entry.is_live, list(story.board.live)) == ("queued", True, [entry.id])
    story.plan(entry, story.set("price", 1))
    assert (entry.state, entry.attempts) == ("ready", 1)
    commit = story.commit(entry)
    assert entry.commit is commit
    assert story.board.commits[commit.commit][0] == story.fold.seq
    story.end(entry, reason="It is done.")
    assert (entry.state, entry.reason, entry.is_live, story.board.live) == ("done", "It is done.", False, {})
    assert [(move.seq, move.state) for move in entry.moves] == [(5, "ready")], "the verdict is no move"


@pytest.mark.parametrize("what", ["intent", "verdict"])
def test_a_log_that_accepts_or_ends_twice_is_a_bug(what: str) -> None:
    story = Story.begun()
    entry = story.intent()
    with pytest.raises(AssertionError):
        if what == "intent":
            story.board.apply(story.append(entry.body))
        else:
            story.end(entry)
            story.end(entry)


@pytest.mark.parametrize(
    "outcome, planned, state, waits",
    [
        ("held", True, "held", True),
        ("run", True, "ready", False),
        ("run", False, "queued", False),
        ("merge", True, "ready", False),
        ("branch", True, "ready", False),
        ("open", True, "ready", False),
        ("open", False, "queued", False),
        ("overruled", True, "held", True),
        ("kept", True, "held", True),
    ],
)
def test_a_decision_moves_who_is_live_to_where_it_says(outcome: str, planned: bool, state: str, waits: bool) -> None:
    story = Story.begun()
    one, other = (story.planned if planned else story.intent)("Ana"), story.planned("Ben", 9, seen=1)
    story.question(one, other)
    story.decide({one.id: outcome, other.id: "held"}, reason="because")
    assert one.state == state
    assert bool(one.waits_for) == waits
    assert (frozenset((one.id, other.id)) in story.board.cleared) == (outcome in ("run", "merge", "branch"))


def test_a_decision_moves_nobody_who_has_ended() -> None:
    story = Story.begun()
    done, late = story.done("Ana"), story.planned("Ben", 9, seen=1)
    story.decide({done.id: "kept", late.id: "run"}, reason="because")
    assert (done.state, done.reason) == ("done", "It is done.")
    assert done.decisions == late.decisions == story.board.settled


def test_a_question_is_open_until_the_decision_that_names_it() -> None:
    story = Story.begun()
    one, other = story.planned("Ana"), story.planned("Ben", 9, seen=1)
    opened = story.question(one, other)
    assert opened.question is not None
    assert story.board.questions == {opened.question.id: opened.question}
    assert not story.board.settled, "what is held is not settled"
    story.answer("Cem", opened, one.id)
    assert [vote.value for vote in story.votes(opened)] == [one.id]
    story.decide({one.id: "run", other.id: "overruled"}, of=opened.question.id)
    assert (story.board.questions, story.board.layers) == ({}, {})
    story.answer("Dee", opened, one.id)
    assert len(story.votes(opened)) == 1, "what comes too late counts nowhere"


def test_the_first_answer_to_what_the_agent_asks_lets_it_go_on() -> None:
    story = Story.begun()
    entry = story.intent()
    question = ask_author(story, entry)
    assert (entry.state, entry.reason) == ("held", "Which price?")
    answer = story.intent("Ana", "", kind="answer", refs=(question.id,), value="low")
    assert (entry.state, entry.exchanges) == ("queued", (Exchange("Which price?", "low", "Ana"),))
    assert story.board.questions == {}
    assert answer.is_live, "its own verdict follows"


def test_who_joins_waits_for_the_one_it_joined_and_begins_it_again() -> None:
    story = Story.begun()
    target = story.planned("Ana")
    joining = story.intent("Ben")
    oracle(story, "steered", target, source=joining.id, reason="Ben added to it")
    assert (target.state, target.plan, target.steers) == ("queued", None, (joining.id,))
    assert (target.attempts, target.restarts) == (2, 1)
    assert (joining.joins, joining.waits_for) == (target.id, (target.id,))


@pytest.mark.parametrize("serves, stays", [(True, True), (False, False)])
def test_a_plan_keeps_whom_it_serves_and_lets_the_others_go(serves: bool, stays: bool) -> None:
    story = Story.begun()
    target, joining = story.intent("Ana"), story.intent("Ben")
    oracle(story, "steered", target, source=joining.id)
    story.plan(target, story.set("price", 1), serves=(joining.id,) if serves else ())
    assert (target.steers == (joining.id,)) == (joining.joins == target.id) == stays
    if not stays:
        assert (joining.state, joining.waits_for) == ("queued", ())
        assert "runs by itself" in joining.reason


@pytest.mark.parametrize("ends", ["target", "joining"])
def test_where_one_end_goes_the_other_goes_on_alone(ends: str) -> None:
    story = Story.begun()
    target, joining = story.intent("Ana"), story.intent("Ben")
    oracle(story, "steered", target, source=joining.id)
    restarts = target.restarts
    story.end(target if ends == "target" else joining, "cancelled")
    if ends == "target":
        assert (joining.state, joining.joins, joining.waits_for) == ("queued", "", ())
    else:
        assert (target.steers, target.restarts) == ((), restarts + 1), "its words are others now"


def test_what_is_asked_about_one_alone_falls_when_it_begins_again_or_ends() -> None:
    story = Story.begun()
    for end in (
        lambda entry: oracle(story, "carries", entry, reason="all of it"),
        lambda entry: story.end(entry, "expired"),
    ):
        entry = story.intent()
        ask_author(story, entry)
        end(entry)
        assert story.board.questions == {}
    assert [e.carried for e in story.board.entries.values()] == ["all of it", ""]


def test_failures_are_counted_apart() -> None:
    story = Story.begun()
    entry = story.planned()
    oracle(story, "planner_failed", entry, reason="the model is away")
    oracle(story, "turn_failed", entry, code="raised")
    oracle(story, "turn_failed", entry, code="lost")
    assert (entry.state, entry.faults, entry.attempts) == ("queued", 1, 2)
    assert (entry.raised, entry.lost, entry.tries) == (1, 1, 2)


def test_a_variant_keeps_the_plan_that_it_was_made_of() -> None:
    story = Story.begun()
    entry = story.planned()
    first = entry.plan
    story.plan(entry, story.set("fee", 1), planner=VARIANT_PLANNER)
    assert entry.branched is first
    assert entry.plan is not first


def test_an_undo_is_remembered_on_what_it_took_back() -> None:
    story = Story.begun()
    done = story.done("Ana")
    assert done.commit is not None
    undo = story.intent("Ben", "", kind="undo", refs=(done.commit.commit,))
    story.plan(undo, story.set("price", 100))
    commit = story.commit(undo)
    assert (done.undone_by, done.state) == (commit.commit, "done"), "a done intent stays done"


def test_an_approval_speaks_for_what_it_approves() -> None:
    story = Story.begun()
    first = story.planned()
    story.end(first, "suggested")
    second = story.intent("Ben", "", kind="approve", refs=(first.id,))
    third = story.intent("Cem", "", kind="approve", refs=(second.id,))
    assert story.board.subject_of(third) is story.board.subject_of(first) is first
    assert story.board.approvals == {first.id: [second.id], second.id: [third.id]}


def test_deadlines_are_moved_of_questions_that_are_open() -> None:
    story = Story.begun()
    opened = story.question(story.planned("Ana"), story.planned("Ben", 9, seen=1))
    assert opened.question is not None
    story.board.postpone({opened.question.id: 7.0, "q99": 8.0})
    assert {id: question.deadline for id, question in story.board.questions.items()} == {opened.question.id: 7.0}


def lose(story: Story, loser: str, winner: str, *, role: str = "editor", policy: str = "first@1") -> None:
    """One group in which somebody is overruled."""
    seen = story.fold.seq
    one, other = story.planned(loser, 1, seen=seen, role=role), story.planned(winner, 2, seen=seen)
    story.decide({one.id: "overruled", other.id: "run"}, policy=policy)
    story.end(one, "overruled")
    story.end(other, "failed")


def test_how_people_fared_is_counted_among_equals_and_in_a_row() -> None:
    story = Story.begun()
    lose(story, "Ana", "Ben")
    lose(story, "Ana", "Ben")
    assert (story.board.wins(), story.board.losses()) == ({"Ben": 2}, {"Ana": 2})
    lose(story, "Ana", "Ben", role="owner")
    lose(story, "Ana", "Ben", policy=RuledBy.CHANGED)
    assert story.board.losses() == {"Ana": 2}, "not against another rank, nor where nothing was decided"
    lose(story, "Ben", "Ana")
    assert story.board.losses() == {"Ben": 1}, "a win ends a row"


def test_long_logs_are_not_counted_from_their_beginning() -> None:
    story = Story.begun()
    for _ in range(LOSSES_LOOKED_AT + 5):
        lose(story, "Ana", "Ben")
    assert story.board.losses() == {"Ana": LOSSES_LOOKED_AT}
    assert story.board.wins() == {"Ben": 20}


def test_other_records_move_nobody() -> None:
    story = Story.begun()
    entry = story.planned()
    stood = (entry.state, entry.reason, entry.waits_for, entry.attempts)
    story.append(ConfigBody(name="other", retired=("LAna",)))
    judgement = Judgement((entry.id, "i99"), "unsure")
    oracle(story, "judged", entry, judgements=(judgement,))
    assert (entry.state, entry.reason, entry.waits_for, entry.attempts) == stood
    assert story.board.lanes.retired == {"LAna"}


ACTS = st.sampled_from(["intent", "plan", "end", "question", "steer", "fail", "answer"])


@settings(max_examples=examples(60), deadline=None)
@given(st.lists(st.tuples(ACTS, st.integers(0, 9)), max_size=40))
def test_whoever_follows_what_has_moved_has_what_a_walk_over_the_board_finds(acts: list[tuple[str, int]]) -> None:
    story, lives = Story.begun(), LiveBoard()
    for act, number in acts:
        there = [entry for entry in story.board.live.values() if entry.body.kind == "do"]
        entry = there[number % len(there)] if there else None
        match act:
            case "intent":
                story.intent("ABC"[number % 3])
            case "plan" if entry is not None:
                story.plan(entry, story.set("price", number))
            case "end" if entry is not None:
                story.end(entry, "cancelled")
            case "question" if len(there) > 1:
                story.question(*there[:2])
            case "steer" if (
                entry is not None and entry is not there[-1] and not there[-1].joins and not there[-1].steers
            ):
                oracle(story, "steered", entry, source=there[-1].id)
            case "fail" if entry is not None:
                oracle(story, "planner_failed", entry)
            case "answer" if story.board.questions:
                question = next(iter(story.board.questions.values()))
                story.end(story.intent("Dee", "", kind="answer", refs=(question.id,), value="x"))
        walked = {e.id for e in story.board.entries.values() if e.is_live}
        assert set(story.board.live) == walked
        lives.follow(story.moved)
        story.moved.clear()
        for state in ("queued", "ready", "held"):
            found = [e.id for e in lives.index.of(state)]
            assert found == [e.id for e in story.board.live.values() if e.state == state]
        assert all(entry.verdict is None for entry in story.board.live.values())
