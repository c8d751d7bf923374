"""What one intent's words went into: found by following records, and no further than they reach."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.workspace.intents.story import Story
from workspace.intents.audit.concern import Concern, ConcernPart, calls_of, concern_of
from workspace.intents.model.bodies import ConfigBody, EffectBody, OracleBody, Question
from workspace.intents.model.calls import CallClosed, CallOpened
from workspace.intents.model.effects import Effect, Receiver
from workspace.intents.model.oracle import Judgement, Merged
from workspace.intents.model.plan import EARLIER_MAX, Option
from workspace.intents.state.board import Entry


def parts(story: Story) -> list[ConcernPart]:
    return [ConcernPart(row.seq, row.kind, msgspec.json.decode(row.body)) for row in story.rows]


def concern(story: Story, entry: Entry) -> Concern:
    found = concern_of(parts(story), entry.id)
    assert found is not None
    return found


def oracle(story: Story, kind: Any, entry: Entry, **more: Any) -> int:
    return story.append(OracleBody(oracle=kind, intent=entry.id, **more)).seq


def test_an_intent_alone_concerns_itself() -> None:
    story = Story.begun()
    done, other = story.done("Ana", 5), story.done("Ben", 6)
    found = concern(story, done)
    assert done.commit is not None
    assert (found.near, found.commits, found.waiting) == ({done.id}, {done.commit.commit}, set())
    assert not found.is_near([other.id])
    assert concern_of(parts(story), "i99") is None


def test_what_was_made_of_its_words_is_near() -> None:
    story = Story.begun()
    target, joining = story.planned("Ana"), story.intent("Ben")
    oracle(story, "steered", target, source=joining.id)
    assert concern(story, joining).near == {joining.id, target.id}, "what it joined was planned with its words"
    assert concern(story, target).near == {target.id}, "and not the other way"
    story.end(target, "suggested")
    approval = story.intent("Cem", "", kind="approve", refs=(target.id,))
    assert concern(story, target).near == {target.id, approval.id}
    assert concern(story, joining).near == {joining.id, target.id, approval.id}


def test_an_undo_of_its_commit_and_a_merge_with_it_are_near() -> None:
    story = Story.begun()
    done = story.done("Ana", 5)
    assert done.commit is not None
    undo = story.intent("Ben", "", kind="undo", refs=(done.commit.commit,))
    one, other = story.planned("Cem"), story.planned("Dee")
    oracle(story, "merged", one, merged=Merged((one.id, other.id), "both"))
    assert concern(story, other).near == {other.id}, "it was thought of, and nothing came of it"
    oracle(story, "carries", one, reason="both")
    assert concern(story, done).near == {done.id, undo.id}
    assert concern(story, other).near == {other.id, one.id}


def test_answers_to_what_the_agent_asks_are_of_its_author_and_of_the_one_who_answers() -> None:
    story = Story.begun()
    entry = story.intent()
    question = Question(
        f"q{story.fold.seq + 1}", (entry.id,), "Which?", (Option("low", "Low"), Option("high", "High")), 9.0, ""
    )
    oracle(story, "question", entry, question=question)
    answer = story.intent("Ben", "", kind="answer", refs=(question.id,), value="low")
    found = concern(story, entry)
    assert (found.near, found.answers, found.choices) == ({entry.id}, {answer.id}, {question.id: {"low": 1, "high": 2}})
    assert concern(story, answer).near == {answer.id, entry.id}


def test_who_was_told_that_it_may_not_fit_is_noted() -> None:
    story = Story.begun()
    one, other = story.planned("Ana"), story.planned("Ben")
    for opinion, noted in (("compatible", set()), ("unsure", {one.id, other.id})):
        oracle(story, "judged", one, judgements=(Judgement((one.id, other.id), opinion),))  # type: ignore[arg-type]
        assert concern(story, one).noted == noted


def test_what_waits_is_what_has_not_ended_or_has_not_left() -> None:
    story = Story.begun()
    story.append(ConfigBody(receivers={"post": Receiver("mail", "a@example.org")}))
    live, sent = story.intent("Ana"), story.intent("Ben")
    story.plan(sent, story.set("price", 1), effects=(Effect(0, "post", "irreversible", {}),))
    commit = story.commit(sent).commit
    story.end(sent)
    assert concern(story, sent).waiting == {live.id, sent.id}
    story.append(EffectBody(commit, 0, "k", "sent"))
    assert concern(story, sent).waiting == {live.id}


def call(story: Story, entry: Entry, name: str) -> None:
    opened = CallOpened((entry.id,), entry.actor, "plan", "plan@1", "s", f"request {name}", "small", "m1", 10)
    seq = oracle(story, "call_opened", entry, opened=opened)
    oracle(story, "call_closed", entry, closed=CallClosed(f"k{seq}", "ok", response=f"response {name}"))


@pytest.mark.parametrize("between, is_told", [(0, True), (EARLIER_MAX - 1, True), (EARLIER_MAX, False)])
def test_a_later_call_is_told_the_words_while_they_are_among_the_newest_of_the_conversation(
    between: int, is_told: bool
) -> None:
    story = Story.begun()
    first = story.intent("Ana", "the words")
    call(story, first, "own")
    story.end(first)
    for _ in range(between):
        story.end(story.intent("Ana", "others"))
    call(story, story.intent("Ana", "go on"), "later")
    told, later = calls_of(parts(story), concern(story, first))
    own, follows = {"request own", "response own"}, {"request later", "response later"}
    assert set(told) == (own | follows if is_told else own)
    assert set(later) == (set() if is_told else follows), "of a later call that may quote them all the same"


def test_a_call_before_it_was_never_told() -> None:
    story = Story.begun()
    before = story.intent("Ben")
    call(story, before, "early")
    entry = story.intent("Ana", seen=1)
    assert calls_of(parts(story), concern(story, entry)) == ((), ())
