"""What a server tells is kept as far as it is needed, and within bounds, however long a client lives."""

from __future__ import annotations

import pytest

from workspace.client.intent import Message
from workspace.client.room_view import INBOX_KEPT, NOTES_KEPT, RoomView


def record(seq: int, kind: str, /, **body: object) -> Message:
    return {"type": "record", "seq": seq, "kind": kind, "actor": "ana", "body": body}


def intent(seq: int, lane: str) -> Message:
    return record(seq, "intent", id=f"i{seq}", lane=lane, n=1, kind="do", refs=[])


def verdict(seq: int, of: str) -> Message:
    return record(seq, "verdict", intent=of, state="done", reason="")


@pytest.mark.parametrize("is_answered_first", [True, False])
async def test_an_intent_is_one_whether_its_record_or_its_answer_comes_first(is_answered_first: bool) -> None:
    told = RoomView(lane="L1")
    if is_answered_first:
        own = told.own("i1", 1, 1, "queued", is_answered=True)
        told.take(intent(1, "L1"), 10)
        told.take(verdict(2, "i1"), 10)
    else:
        told.take(intent(1, "L1"), 10)
        told.take(verdict(2, "i1"), 10)
        own = told.own("i1", 1, 1, "done", is_answered=True)
    assert (await own.verdict(0.0))["state"] == "done"
    assert (told._intents, told._unanswered) == ({}, set())


def test_an_intent_of_another_lane_is_nobody_s_here() -> None:
    told = RoomView(lane="L1")
    told.take(intent(1, "L2"), 10)
    assert told._intents == {}


def test_a_record_that_comes_again_changes_nothing_and_one_too_far_is_an_error() -> None:
    told = RoomView()
    for _ in range(2):
        told.take(intent(1, "L2"), 10)
    assert (told.seen, len(told.records)) == (1, 1)
    with pytest.raises(ValueError, match="record 3 comes behind 1"):
        told.take(intent(3, "L2"), 10)


def test_what_a_long_life_brings_is_kept_within_bounds() -> None:
    told = RoomView()
    inbox = {"type": "inbox", "whole": False}
    for at in range(1, INBOX_KEPT + 21):
        told.take({"type": "record", "seq": at, "kind": "verdict", "actor": "", "body": {
            "intent": f"i{at}", "state": "done", "reason": ""}}, 200)  # fmt: skip
        told.take({"type": "state", "id": f"i{at}", "state": "planning", "reason": "", "waits_for": []}, 100)
        told.take({**inbox, "intents": [{"id": f"i{at}"}]}, 100)
    for _ in range(NOTES_KEPT + 5):
        told.take({"type": "draft", "text": "x"}, 100)
        told.take({"type": "presence"}, 100)
    assert (len(told.drafts), len(told.notices)) == (NOTES_KEPT, NOTES_KEPT)
    assert (len(told.inbox), told.inbox_more) == (INBOX_KEPT, 20)
    assert next(iter(told.inbox)) == f"i{INBOX_KEPT + 20}", "the newest first"
    assert (told._intents, told._unanswered) == ({}, set()), "of others' intents nothing is kept"
