"""What a record claims of its author is held against the log before it: stamps, clocks and rights."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.workspace.intents.story import Story
from workspace.intents.audit.claims import false_claims
from workspace.intents.model.bodies import IntentBody
from workspace.intents.model.record import Record, seal


def claimed(story: Story, actor: str = "Ana", **claims: Any) -> list[tuple[str, str]]:
    """Return what is wrong with an intent that claims such things, and is otherwise what the log would take next."""
    lane, lanes = f"L{actor}", story.board.lanes
    n, seen = lanes.clock(lane).n + 1, story.fold.seq
    body = IntentBody(
        id=f"i{seen + 1}", lane=lane, n=n, kind="do", text="do it", seen=seen, vc={}, role="editor", sha="sha256:0"
    )
    body = msgspec.structs.replace(body, **{name: value for name, value in claims.items() if name != "vc"})
    vc = claims.get("vc", lanes.vector_clock(lane, n=body.n, seen=body.seen))
    body = msgspec.structs.replace(body, vc=vc)
    record: Record = seal(body, seq=seen + 1, epoch=1, at="2026-01-01T00:00:00.000Z", actor=actor, prev=story.fold.hash)
    return list(false_claims(record, body, story.fold))


@pytest.mark.parametrize(
    "claims, breaks",
    [
        ({}, 0),
        ({"seen": 4}, 0),
        ({"seen": 3}, 1),
        ({"seen": 99}, 1),
        ({"n": 1}, 1),
        ({"n": 3}, 1),
        ({"vc": {"LBen": 7}}, 1),
        ({"seen": 3, "n": 9, "vc": {"LBen": 7}}, 3),
    ],
)
def test_a_stamp_claims_no_more_than_was_known_and_never_goes_back(claims: dict[str, Any], breaks: int) -> None:
    story = Story.begun()
    story.type("Ben", "plan", lambda document: document.insert_text(0, "x"))
    story.intent("Ana", seen=4)
    found = claimed(story, **claims)
    assert [condition for condition, _ in found] == ["I2"] * breaks


def test_rights_are_those_of_the_log() -> None:
    story = Story.begun()
    done = story.done("Olga", 5, role="owner")
    opened = story.question(story.planned("Ana"), story.planned("Ben", 9, seen=1))
    assert done.commit is not None
    assert opened.question is not None
    table = [
        ("Eve", "commenter", "answer", opened.question.id, False),
        ("Eve", "editor", "answer", opened.question.id, True),
        ("Eve", "commenter", "answer", "q1", True),
        ("Eve", "commenter", "approve", done.id, False),
        ("Eve", "editor", "approve", done.id, True),
        ("Eve", "editor", "undo", done.commit.commit, False),
        ("Eve", "owner", "undo", done.commit.commit, True),
        ("Eve", "viewer", "cancel", done.id, True),
    ]
    for actor, role, kind, ref, may in table:
        found = claimed(story, actor, role=role, kind=kind, refs=(ref,), value="x")
        assert [condition for condition, _ in found] == ([] if may else ["C5"]), (role, kind, ref)


def test_an_undo_of_what_is_no_commit_names_nothing_in_the_log() -> None:
    with pytest.raises(KeyError):
        claimed(Story.begun(), kind="undo", refs=("c99",))
