"""What a record says is kept as it is: read and sealed again, every body has the bytes that it had.

`frames.json` holds frames with the records and hashes that the server made of them when a frame and a body were two
lists of fields.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crdt.digest import canonical
from crdt.operations.item_readings import Reading
from crdt.operations.ops import SetValue
from tests.support.examples import examples
from tests.support.structs import any_struct
from workspace.intents.model.bodies import (
    BODIES,
    KINDS,
    Body,
    CommitDoc,
    IntentBody,
    PlanBody,
    RecordKind,
    UpdateBody,
    accepted,
    frame_sha,
    kind_of,
)
from workspace.intents.model.intent import IntentContent, IntentFrame
from workspace.intents.model.record import Row, read_row, seal

MADE = json.loads((Path(__file__).parent / "frames.json").read_text())
LOGS = json.loads((Path(__file__).parent.parent / "state" / "old_logs.json").read_text())
HEAD: dict[str, Any] = {"seq": 12, "epoch": 1, "at": "2026-11-29T00:00:00Z", "actor": "Ana", "prev": "sha256:0"}


def body_of(frame: IntentFrame) -> IntentBody:
    return accepted(frame, id="i12", lane="La", vc={"La": frame.n - 1} if frame.n > 1 else {}, role="editor")


@pytest.mark.parametrize(("frame", "body", "hash"), MADE)
def test_a_body_that_takes_over_its_frame_has_the_bytes_of_one_that_repeated_it(
    frame: str, body: str, hash: str
) -> None:
    record = seal(body_of(msgspec.json.decode(frame, type=IntentFrame)), **HEAD)
    assert record.row.body == body
    assert record.row.hash == hash
    assert read_row(record.row) == record


@pytest.mark.parametrize("name", list(LOGS))
def test_an_old_log_read_and_sealed_again_is_the_same_log(name: str) -> None:
    rows = [Row(**row) for row in LOGS[name]["rows"]]
    assert {row.kind for row in rows} >= {"config", "intent", "commit", "verdict"}
    for row in rows:
        again = seal(read_row(row).body, seq=row.seq, epoch=row.epoch, at=row.at, actor=row.actor, prev=row.prev)
        assert again.row == row


@pytest.mark.long
@pytest.mark.parametrize("kind", list(BODIES))
@settings(max_examples=examples(60), suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(data=st.data())
def test_any_body_is_read_as_it_was_sealed(kind: RecordKind, data: st.DataObject) -> None:
    body: Body = data.draw(any_struct(BODIES[kind]))
    record = seal(body, **HEAD)
    again = read_row(record.row)
    assert again.kind == record.row.kind == kind
    # By its canonical form: 1 and 1.0 are one number there, and -0.0 and 0.0.
    assert seal(again.body, **HEAD).row == record.row
    assert canonical(msgspec.to_builtins(again.body)).decode() == record.row.body


@settings(max_examples=examples(60), deadline=None)
@given(frame=any_struct(IntentFrame))
def test_a_body_says_all_that_its_frame_said_and_always_its_kind_words_and_stamp(frame: IntentFrame) -> None:
    frame = msgspec.structs.replace(frame, seen=abs(frame.seen) % 12)
    body = body_of(frame)
    assert {name: getattr(body, name) for name in frame.__struct_fields__} == msgspec.structs.asdict(frame)
    assert {"id", "kind", "lane", "n", "role", "seen", "sha", "text", "vc"} <= msgspec.to_builtins(body).keys()
    assert body.sha == frame_sha(frame)


def test_no_field_of_an_intent_is_spelt_twice() -> None:
    own = {kind: set(kind.__annotations__) for kind in (IntentContent, IntentFrame, IntentBody)}
    assert own[IntentContent] & own[IntentFrame] == set()
    # Spelt again because they stand in a record even where they are the default of a frame.
    assert own[IntentBody] & (own[IntentContent] | own[IntentFrame]) == {"kind", "text", "seen"}


def test_the_hash_of_a_frame_is_not_taken_of_its_body() -> None:
    with pytest.raises(AssertionError, match="a body has fields"):
        frame_sha(body_of(IntentFrame(n=1)))


def test_a_body_cannot_have_seen_what_came_after_it() -> None:
    with pytest.raises(AssertionError, match="not in the log"):
        body_of(IntentFrame(n=1, seen=12))


def test_every_kind_has_one_body_and_every_body_one_kind() -> None:
    assert list(BODIES) == list(get_args(RecordKind))
    assert set(BODIES.values()) == set(get_args(Body))
    assert all(KINDS[body] == kind for kind, body in BODIES.items())
    assert kind_of(UpdateBody("plan", "La", 1, 2, 2, 9, "sha256:0")) == "update"


def test_the_spans_of_a_record_are_short_words_on_the_wire() -> None:
    part = CommitDoc(1, "sha256:0", "", "", inserted=((7, 0, 3),), deleted=())
    assert msgspec.json.decode(msgspec.json.encode(part))["ins"] == [[7, 0, 3]]
    assert msgspec.json.decode(msgspec.json.encode(part))["del"] == []


def test_a_plan_works_where_it_writes_and_where_it_read_strongly() -> None:
    ops = (SetValue("budget", ("a",), 1, "absent"),)
    reads = (Reading("plan", "sha256:0", strong=True), Reading("notes", "sha256:0", strong=False))
    plan = PlanBody("p2", ("i1",), 1, 0, ops, reads, "")
    assert plan.docs == {"budget", "plan"}


def test_what_older_logs_did_not_say_is_left_out_and_not_null() -> None:
    text = canonical(msgspec.to_builtins(PlanBody("p2", ("i1",), 1, 0, (), (), ""))).decode()
    assert "serves" not in text
    assert "null" not in text
