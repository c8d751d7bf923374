"""When answers suffice: the last word of each counts, authors stand by their own, somebody above decides."""

from __future__ import annotations

import pytest

from tests.workspace.intents.story import Story
from workspace.intents.model.bodies import Answer, DecisionBody
from workspace.intents.model.policies import BOTH, BRANCH, MERGE, NONE
from workspace.intents.rules.votes import agreed, carried, counted, fallback, is_changed, plurality
from workspace.intents.state.board import Entry

Said = tuple[tuple[str, str, str], ...]  # who answers, in which role, for whose instruction or what else


def asked(*roles: str) -> tuple[Story, tuple[Entry, ...], DecisionBody]:
    """A question about instructions of Ana, Ben and Cem, in these roles."""
    story = Story.begun()
    names = ("Ana", "Ben", "Cem")
    seen = story.fold.seq
    group = tuple(
        story.planned(name, at, role=role, seen=seen) for at, (name, role) in enumerate(zip(names, roles, strict=False))
    )
    return story, group, story.question(*group)


AGREED: list[tuple[str, tuple[str, ...], Said, str | None]] = [
    ("nobody has answered", ("editor", "editor"), (), None),
    ("one of two equals gives way", ("editor", "editor"), (("Ben", "editor", "Ana"),), "Ana"),
    ("each stands by the own", ("editor", "editor"), (("Ben", "editor", "Ben"),), None),
    ("each gives way to the other", ("editor", "editor"), (("Ana", "editor", "Ben"), ("Ben", "editor", "Ana")), None),
    ("the last word counts", ("editor", "editor"), (("Ben", "editor", "Ana"), ("Ben", "editor", "Ben")), None),
    ("an author alone at the top decides at once", ("owner", "editor"), (("Ana", "owner", "Ben"),), "Ben"),
    ("who is below the top does not", ("owner", "editor"), (("Ben", "editor", "Ben"),), None),
    ("nobody's words are merged by one alone", ("owner", "editor"), (("Ana", "owner", MERGE),), None),
    ("all may agree to merge", ("editor", "editor"), (("Ana", "editor", MERGE), ("Ben", "editor", MERGE)), MERGE),
    ("an outsider as high decides", ("editor", "editor"), (("Olga", "editor", "Ben"),), "Ben"),
    ("an outsider below does not", ("owner", "editor"), (("Olga", "editor", "Ben"),), None),
    ("an outsider as high may say neither", ("editor", "editor"), (("Olga", "owner", NONE),), NONE),
    ("two of three are not all", ("editor",) * 3, (("Ana", "editor", "Ben"),), None),
    ("three agree", ("editor",) * 3, (("Ana", "editor", "Ben"), ("Cem", "editor", "Ben")), "Ben"),
]


@pytest.mark.parametrize("roles, said, settled", [row[1:] for row in AGREED], ids=[row[0] for row in AGREED])
def test_answers_settle_where_those_who_count_agree(roles: tuple[str, ...], said: Said, settled: str | None) -> None:
    story, group, opened = asked(*roles)
    ids = {entry.actor: entry.id for entry in group}
    for actor, role, value in said:
        story.answer(actor, opened, ids.get(value, value), role=role)
    assert agreed(group, story.votes(opened), story.board) == (ids.get(settled, settled) if settled else None)


def votes(words: str) -> list[Answer]:
    """`Ana:x Ben:y` as answers in this order."""
    return [Answer(*part.split(":")) for part in words.split()]


@pytest.mark.parametrize(
    "words, count, carries, most",
    [
        ("", {}, None, None),
        ("A:x", {"x": 1}, None, "x"),
        ("A:x B:x", {"x": 2}, "x", "x"),
        ("A:x B:y", {"x": 1, "y": 1}, None, None),
        ("A:x B:y C:x", {"y": 1, "x": 2}, "x", "x"),
        ("A:x B:x A:y", {"y": 1, "x": 1}, None, None),
        ("A:x A:x A:x", {"x": 1}, None, "x"),
        ("A:x B:y C:z D:x", {"x": 2, "y": 1, "z": 1}, None, "x"),
    ],
)
def test_a_vote_counts_each_person_once(
    words: str, count: dict[str, int], carries: str | None, most: str | None
) -> None:
    assert counted(votes(words)) == count
    assert carried(votes(words), quorum=2) == carries, "more than half of at least two"
    assert plurality(votes(words)) == most


def test_a_quorum_is_of_people_not_of_answers() -> None:
    assert carried(votes("A:x A:x A:x B:x"), quorum=3) is None
    assert carried(votes("A:x B:x C:x"), quorum=3) == "x"


def test_a_question_has_changed_where_somebodys_instruction_is_planned_again() -> None:
    story, group, opened = asked("editor", "editor")
    assert not is_changed(opened, group)
    replanned = story.intent("Dee")
    assert is_changed(opened, (*group, replanned))
    rights = story.question(replanned, story.intent("Eva"), layer="rights", policy="rights@1")
    assert not is_changed(rights, (replanned,)), "a question of rights is about no plan"


@pytest.mark.parametrize(
    "default, left, stands",
    [
        ("own", "", "own"),
        ("gone", "Ana", "Ben"),
        (BOTH, "", BOTH),
        (BRANCH, "", BRANCH),
        (BRANCH, "Ana", "Ben"),
        ("", "", "Ana"),
    ],
)
def test_the_default_stands_while_it_can_still_be_had(default: str, left: str, stands: str) -> None:
    story, group, _ = asked("editor", "editor")
    ids = {entry.actor: entry.id for entry in group}
    if left:
        story.end(group[0], "cancelled")
    standing = [entry.id for entry in group if entry.is_live]
    value = {"own": ids["Ben"], "gone": ids["Ana"]}.get(default, default)
    expected = ids["Ben"] if stands == "own" else ids.get(stands, stands)
    assert fallback(value, group, standing) == expected
