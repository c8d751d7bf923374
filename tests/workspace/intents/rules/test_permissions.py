"""Who may do what to whose instruction, as a table: rank against rank, and authors over their own."""

from __future__ import annotations

import msgspec
import pytest

from tests.workspace.intents.driver import Driver
from tests.workspace.intents.story import Story
from workspace.intents.model.bodies import DecisionBody
from workspace.intents.model.effects import Effect, Outgoing, Receiver
from workspace.intents.model.intent import Role, rank_of
from workspace.intents.rules.permissions import (
    may_answer,
    may_approve,
    may_cancel,
    may_replace,
    may_undo,
    refuse_receiver,
    refuse_sending,
)

ROLES = ("owner", "editor", "commenter", "viewer", "agent")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("target_role", ("owner", "editor", "commenter"))
def test_equals_replace_each_other_and_only_who_is_above_cancels(role: Role, target_role: Role) -> None:
    story = Story.begun()
    done = story.done("Ana", 5, role=target_role)
    assert done.commit is not None
    rank = rank_of(role)
    assert may_replace(story.fold, done, actor="Ben", role=role) == (rank >= rank_of(target_role))
    assert may_cancel(story.fold, done, actor="Ben", role=role) == (rank > rank_of(target_role))
    is_asked = rank >= rank_of("commenter")
    assert may_undo(story.fold, done.commit, actor="Ben", role=role) == (is_asked and rank >= rank_of(target_role))
    for may in (may_replace, may_cancel):
        assert may(story.fold, done, actor="Ana", role=role), "everybody may take the own back"
    assert may_undo(story.fold, done.commit, actor="Ana", role=role) == is_asked
    assert may_approve(story.fold, done, actor="Ben", role=role) == (role in ("owner", "editor"))


def test_an_undo_needs_the_highest_of_all_authors_or_one_of_them() -> None:
    story = Story.begun()
    olga, ana = story.done("Olga", 5, role="owner"), story.intent("Ana", role="commenter")
    assert olga.commit is not None
    both = msgspec.structs.replace(olga.commit, intents=(olga.id, ana.id))
    assert not may_undo(story.fold, both, actor="Ben", role="editor")
    assert may_undo(story.fold, both, actor="Dora", role="owner")
    assert may_undo(story.fold, both, actor="Ana", role="commenter"), "one of the authors, however low"


def questions() -> dict[str, tuple[Story, DecisionBody]]:
    """One question of each kind about Ana, an editor, and Cem, a commenter."""
    found = {}
    for name, more in {
        "ask": {},
        "vote": {"policy": "vote@1"},
        "rights": {"policy": "rights@1", "layer": "rights"},
    }.items():
        story = Story.begun()
        group = story.planned("Ana"), story.planned("Cem", 9, role="commenter", seen=1)
        found[name] = story, story.question(*group, **more)  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize(
    "kind, actor, role, may",
    [
        ("ask", "Ana", "editor", True),
        ("ask", "Cem", "commenter", True),
        ("ask", "Ben", "editor", True),
        ("ask", "Vic", "commenter", False),
        ("vote", "Vic", "viewer", True),
        ("rights", "Ana", "editor", True),
        ("rights", "Cem", "commenter", False),
        ("rights", "Ben", "editor", True),
    ],
)
def test_who_is_asked_is_who_may_answer(kind: str, actor: str, role: Role, may: bool) -> None:
    story, opened = questions()[kind]
    assert opened.question is not None
    assert may_answer(story.fold, opened.question, actor=actor, role=role) == may


def test_what_the_agent_asks_is_for_its_author_and_only_who_is_above_answers_instead() -> None:
    story = Story.begun()
    opened = story.question(story.intent("Ana"))
    assert opened.question is not None
    story.board.layers.pop(opened.question.id)  # a question of the agent's own has no decision
    table: dict[tuple[str, Role], bool] = {("Ana", "viewer"): True, ("Ben", "editor"): False, ("Olga", "owner"): True}
    for (actor, role), may in table.items():
        assert may_answer(story.fold, opened.question, actor=actor, role=role) == may, actor


def test_what_is_sent_leaves_on_the_word_of_everybody_it_is_done_for() -> None:
    driver = Driver()
    first = driver.ask("Ana", "shorten it")
    second = driver.ask("Ben", "and mail it", refs=(first,))
    driver.set(first, "price", 7)
    driver.wait(1)
    fold = driver.sequencer.fold
    (_, commit) = next(iter(fold.board.commits.values()))
    assert commit.intents == (first, second)
    assert not any(refuse_sending(fold, commit, intent, "editor") for intent in commit.intents)
    ended = "not sent, rights_ended: "
    assert refuse_sending(fold, commit, second, None) == f"{ended}Ben has no access any more"
    assert refuse_sending(fold, commit, second, "commenter") == f"{ended}Ben is commenter now"
    assert refuse_sending(fold, commit, first, "viewer") == f"{ended}Ana is viewer now"


def test_what_is_sent_goes_to_a_receiver_that_the_set_up_still_has() -> None:
    meant = Receiver("webhook", "https://example.org/in", "reversible", keys=True)
    outgoing = Outgoing("c9", "sha256:0", Effect(0, "ops", "reversible", {}), meant)
    other = msgspec.structs.replace(meant, address="https://example.org/other")
    mail = msgspec.structs.replace(meant, kind="mail")
    assert refuse_receiver({"ops": meant, "more": other}, outgoing) == ""
    assert refuse_receiver({"ops": msgspec.structs.replace(meant, keys=False)}, outgoing) == "", "it is the same one"
    gone = "not sent: ops is no receiver of this workspace any more"
    assert [refuse_receiver(now, outgoing) for now in ({}, {"more": meant})] == [gone] * 2
    changed = "not sent: the receiver ops is another one now"
    assert [refuse_receiver({"ops": now}, outgoing) for now in (other, mail)] == [changed] * 2
