"""A verification says whether a log is as it was written, and if not, from which record on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from tests.workspace.intents.state.test_replay import sealed_after, told
from tests.workspace.intents.story import Story
from workspace.intents.audit.verify import verify
from workspace.intents.model.bodies import CheckpointBody, ConfigBody
from workspace.intents.model.record import BLANKED, body_parts


def test_a_sound_log_is_checked_record_by_record() -> None:
    story = told()
    report = verify(story.rows, story.journal, is_audited=False)
    assert report.ok
    assert (report.head, report.checked, report.states, report.first_bad) == (len(story.rows), len(story.rows), 2, None)
    assert verify([], []).ok


def blank(story: Story, at: int) -> None:
    """Take the words out of a record; its hash still holds."""
    text, sha = body_parts(story.rows[at])
    story.rows[at] = msgspec.structs.replace(story.rows[at], body=f'{BLANKED}{sha}","body":{text}}}')


def actor(story: Story) -> None:
    story.rows[4] = msgspec.structs.replace(story.rows[4], actor="Eve")


def bytes_of(story: Story) -> None:
    story.journal[2] = replace(story.journal[2], update=b"\x00\x00")


def state(story: Story) -> None:
    story.rows.append(sealed_after(story.rows, CheckpointBody(1, "sha256:0", story.fold.digests())))


def aside(story: Story) -> None:
    story.append(ConfigBody(quarantined={"plan": "spoilt"}))


TAMPERED: list[tuple[Callable[[Story], object], str, int, str]] = [
    (actor, "log_corrupt", 5, "hash"),
    (lambda story: story.rows.pop(4), "log_corrupt", 6, "hash"),
    (bytes_of, "log_corrupt", 4, "bytes"),
    (state, "log_corrupt", 11, "state"),
    (lambda story: blank(story, 4), "log_corrupt", 5, "blanked"),
    (aside, "document_broken", 11, "plan"),
]


@pytest.mark.parametrize("change, code, first, words", TAMPERED)
def test_the_first_bad_record_is_named_with_the_reason(
    change: Callable[[Story], object], code: str, first: int, words: str
) -> None:
    story = told()
    change(story)
    report = verify(story.rows, story.journal, is_audited=False)
    assert (report.ok, report.code, report.first_bad) == (False, code, first)
    assert words in report.reason


def test_a_breach_is_told_where_the_log_is_as_it_was_written() -> None:
    story = told()
    again = story.planned("Cem", 9, role="viewer")
    story.commit(again)
    story.end(again)
    assert verify(story.rows, story.journal, is_audited=False).ok
    report = verify(story.rows, story.journal)
    assert (report.ok, report.code) == (False, "gate_breached")
    assert report.first_bad == report.breaches[0].seq
    assert {"C5"} <= {breach.condition for breach in report.breaches}
