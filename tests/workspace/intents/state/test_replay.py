"""A log is followed row by row, and the first thing that is not as it was logged stops it."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.workspace.intents.story import Story
from workspace.errors import LogCorrupt
from workspace.intents.model.bodies import CheckpointBody, ConfigBody
from workspace.intents.model.record import Row, read_row, seal
from workspace.intents.state.fold import Break
from workspace.intents.state.replay import NEVER, JournalIndex, fold_log, start_replay


def told() -> Story:
    """A story with edits of two people, a commit and a checkpoint."""
    story = Story.begun()
    story.type("Ana", "plan", lambda document: document.insert_text(0, "a"))
    story.done("Ben", 5)
    fold = story.fold
    story.append(CheckpointBody(head=fold.seq, state=fold.state(), documents=fold.digests(), jid=fold.jid))
    story.type("Ana", "plan", lambda document: document.insert_text(0, "b"))
    return story


def test_a_replay_reproduces_every_recorded_state() -> None:
    story = told()
    replay = start_replay(story.journal)
    for row in story.rows:
        assert replay.step(row) == read_row(row)
    assert replay.fold.state() == story.fold.state()
    assert (replay.states, replay.unchecked, replay.lost()) == (2, 0, ()), "a commit's and a checkpoint's"
    late = start_replay(story.journal, states_from=NEVER)
    for row in story.rows:
        late.step(row)
    assert (late.states, late.fold.state()) == (0, story.fold.state())


@settings(max_examples=examples(20), deadline=None)
@given(st.integers(1, 12))
def test_every_prefix_of_a_log_is_a_state(to: int) -> None:
    story = told()
    fold = fold_log(story.rows, story.journal, to=to)
    assert fold.seq == min(to, len(story.rows))
    assert fold_log(story.rows[:to], story.journal).state() == fold.state()


FORGED = {"seq": 3, "prev": "sha256:0", "at": "2001-01-01T00:00:00.000Z", "actor": "Eve", "kind": "plan", "epoch": 0}


@pytest.mark.parametrize("field, value", FORGED.items())
def test_a_row_that_is_not_the_one_that_was_sealed_stops_it(field: str, value: object) -> None:
    story = told()
    rows = [*story.rows[:4], msgspec.structs.replace(story.rows[4], **{field: value}), *story.rows[5:]]
    with pytest.raises(LogCorrupt, match="hash is not reproduced"):
        fold_log(rows, story.journal)


def test_a_row_that_is_left_out_or_comes_twice_stops_it() -> None:
    story = told()
    for rows in ([*story.rows[:3], *story.rows[4:]], [*story.rows[:4], *story.rows[3:]]):
        with pytest.raises(LogCorrupt):
            fold_log(rows, story.journal)


def sealed_after(rows: list[Row], body: object, kind: str = "") -> Row:
    """Return a row that follows in the chain, whatever it says."""
    last = rows[-1]
    row = seal(ConfigBody(name="x"), seq=last.seq + 1, epoch=1, at=last.at, actor="agent", prev=last.hash).row
    if kind:
        return msgspec.structs.replace(row, kind=kind)
    return seal(body, seq=last.seq + 1, epoch=1, at=last.at, actor="agent", prev=last.hash).row  # type: ignore[arg-type]


def test_a_state_that_is_another_stops_it_where_it_is_looked_at() -> None:
    story = told()
    wrong = CheckpointBody(head=1, state="sha256:0", documents=story.fold.digests())
    rows = [*story.rows, sealed_after(story.rows, wrong)]
    fold_log(rows, story.journal)
    replay = start_replay(story.journal)
    with pytest.raises(LogCorrupt, match="replay gives another"):
        for row in rows:
            replay.step(row)


def test_bytes_that_are_not_the_logged_ones_stop_it() -> None:
    story = told()
    journal = [replace(row, update=row.update + b"\x00") if row.jid == 3 else row for row in story.journal]
    with pytest.raises(LogCorrupt, match="not the ones that were logged"):
        fold_log(story.rows, journal)
    with pytest.raises(LogCorrupt, match="missing"):
        fold_log(story.rows, [row for row in story.journal if row.jid != 3])


def test_the_index_gives_each_record_its_own_rows() -> None:
    story = told()
    index = JournalIndex.of(story.journal)
    taken = [row.jid for row in story.rows for row in index.take(read_row(row))]
    assert taken == [row.jid for row in story.journal]
    assert index.unsequenced() == []
    again = JournalIndex.of(story.journal)
    again.take(read_row(story.rows[1]))
    assert [row.jid for row in again.unsequenced()] == [2, 3, 4, 5]


def test_what_was_put_aside_and_what_could_not_be_rebuilt_are_named() -> None:
    story = told()
    story.append(ConfigBody(quarantined={"plan": "row 3: unreadable"}))
    replay = start_replay(story.journal)
    for row in story.rows:
        replay.step(row)
    (lost,) = replay.lost()
    assert (lost.doc, lost.seq, lost.put_aside, lost.reason) == (
        "plan",
        story.fold.seq,
        story.fold.seq,
        "row 3: unreadable",
    )
    replay.fold.lose(Break("plan", 5, 3, "spoilt"))
    (lost,) = replay.lost()
    assert (lost.seq, lost.row, lost.put_aside) == (5, 3, story.fold.seq), "where it began, and where the log says so"


def test_of_a_state_with_a_lost_document_the_others_are_compared() -> None:
    story = told()
    replay = start_replay(story.journal)
    for row in story.rows[:5]:
        replay.step(row)
    replay.fold.lose(Break("plan", 5, 3, "spoilt"))
    for row in story.rows[5:]:
        replay.step(row)
    assert (replay.states, replay.unchecked) == (0, 2)
    assert replay.fold.documents["budget"].value() == {"price": 5}
