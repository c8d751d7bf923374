"""Who may do what to whose instruction, as a table: rank against rank, and authors over their own."""

from __future__ import annotations

import pytest

from tests.workspace.intents.story import Story
from workspace.intents.model.bodies import DecisionBody
from workspace.intents.model.intent import rank_of
from workspace.intents.rules.permissions import may_answer, may_approve, may_cancel, may_replace, may_undo

ROLES = ("owner", "editor", "commenter", "viewer", "agent")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("target_role", ("owner", "editor", "commenter"))
def test_equals_replace_each_other_and_only_who_is_above_cancels(role: str, target_role: str) -> None:
    target = Story.begun().intent("Ana", role=target_role)
    rank = rank_of(role)
    assert may_replace(target, "Ben", rank) == (rank >= rank_of(target_role))
    assert may_cancel(target, "Ben", rank) == (rank > rank_of(target_role))
    assert may_undo([target], "Ben", rank) == (rank >= rank_of(target_role))
    for may in (may_replace, may_cancel):
        assert may(target, "Ana", rank), "everybody may take the own back"
    assert may_undo([target], "Ana", rank)
    assert may_approve(rank) == (role in ("owner", "editor"))


def test_an_undo_needs_the_highest_of_all_authors_or_one_of_them() -> None:
    story = Story.begun()
    authors = [story.intent("Ana", role="commenter"), story.intent("Olga", role="owner")]
    assert not may_undo(authors, "Ben", rank_of("editor"))
    assert may_undo(authors, "Dora", rank_of("owner"))
    assert may_undo(authors, "Ana", rank_of("commenter")), "one of the authors, however low"


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
def test_who_is_asked_is_who_may_answer(kind: str, actor: str, role: str, may: bool) -> None:
    story, opened = questions()[kind]
    assert opened.question is not None
    assert may_answer(opened.question, actor, rank_of(role), story.board) == may


def test_what_the_agent_asks_is_for_its_author_and_only_who_is_above_answers_instead() -> None:
    story = Story.begun()
    opened = story.question(story.intent("Ana"))
    assert opened.question is not None
    story.board.layers.pop(opened.question.id)  # a question of the agent's own has no decision
    table = {("Ana", "viewer"): True, ("Ben", "editor"): False, ("Olga", "owner"): True}
    for (actor, role), may in table.items():
        assert may_answer(opened.question, actor, rank_of(role), story.board) == may, actor
