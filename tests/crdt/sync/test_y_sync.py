"""Frames round trip, are pycrdt's own on the wire, and any other bytes are refused."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Map, YMessageType, YSyncMessageType, create_sync_message, create_update_message

from crdt.errors import FrameTooLarge, MalformedFrame
from crdt.sync.y_sync import (
    AwarenessFrame,
    ControlFrame,
    QueryAwareness,
    SyncStep1,
    SyncUpdate,
    decode_frame,
    decode_fully,
    encode_awareness_frame,
    encode_control,
    encode_denied,
    encode_step1,
    encode_step2,
    encode_update,
)
from crdt.updates.lib0 import Writer
from tests.support.examples import examples

PAYLOADS = st.binary(max_size=300)
EDIT = st.tuples(st.sampled_from(["set", "cut", "add"]), st.integers(0, 400), st.integers(0, 255))
ENCODERS = [encode_step1, encode_step2, encode_update, encode_awareness_frame, encode_control]


@given(payload=PAYLOADS)
def test_frames_round_trip(payload: bytes) -> None:
    assert decode_frame(encode_step1(payload)) == SyncStep1(payload)
    assert decode_frame(encode_step2(payload)) == SyncUpdate(payload, is_step2=True)
    assert decode_frame(encode_update(payload)) == SyncUpdate(payload, is_step2=False)
    assert decode_frame(encode_awareness_frame(payload)) == AwarenessFrame(payload)
    assert decode_frame(encode_control(payload)) == ControlFrame(payload)
    assert decode_frame(b"\x03") == QueryAwareness()


def outcome(decode: Callable[[bytes], object], frame: bytes) -> tuple[object, str]:
    try:
        return decode(frame), ""
    except (MalformedFrame, FrameTooLarge) as error:
        return type(error), str(error)


@settings(max_examples=examples(500))
@given(
    head=st.binary(max_size=4)
    | st.lists(st.sampled_from([0, 1, 2, 5, 127, 128, 130, 133, 255]), max_size=5).map(bytes),
    size=st.integers(0, 300) | st.sampled_from([16_383, 16_384, 20_000]),
    lie=st.sampled_from([0, 0, 0, 1, -1]),
)
def test_an_update_is_decoded_as_any_frame_is(head: bytes, size: int, lie: int) -> None:
    payload = b"x" * size
    frames = [b"\x00\x02" + head, b"\x00\x02" + head + payload, head + payload]
    frames.append(Writer().raw(b"\x00\x02").var_uint(max(size + lie, 0)).raw(payload).getvalue())
    for frame in frames:
        assert outcome(decode_frame, frame) == outcome(decode_fully, frame)
    assert encode_update(payload) == Writer().raw(b"\x00\x02").var_bytes(payload).getvalue()


def test_frames_of_pycrdt_are_the_same_bytes() -> None:
    doc: Doc = Doc(client_id=5)
    doc.get("data", type=Map)["k"] = "😀" * 100
    update, state = doc.get_update(), doc.get_state()
    assert create_sync_message(doc) == encode_step1(state)
    assert create_update_message(update) == encode_update(update)
    assert encode_step2(update)[:2] == bytes([YMessageType.SYNC, YSyncMessageType.SYNC_STEP2])


@given(payload=PAYLOADS, edits=st.lists(EDIT, max_size=4))
@pytest.mark.parametrize("encode", ENCODERS)
def test_mutated_frames_are_understood_or_refused(
    encode: Callable[[bytes], bytes], payload: bytes, edits: list[tuple[str, int, int]]
) -> None:
    frame = bytearray(encode(payload))
    for kind, at, value in edits:
        at %= len(frame) + 1
        frame[at : at + (kind != "add")] = b"" if kind == "cut" else bytes([value])
    try:
        decode_frame(bytes(frame))
    except (MalformedFrame, FrameTooLarge):
        return


@settings(max_examples=examples(300))
@given(start=st.sampled_from([b"", b"\x00", b"\x00\x00", b"\x01", b"\x02", b"\x03", b"d"]), junk=PAYLOADS)
@example(start=b"", junk=b"")
def test_any_bytes_are_understood_or_refused(start: bytes, junk: bytes) -> None:
    try:
        decode_frame(start + junk)
    except (MalformedFrame, FrameTooLarge):
        return


HOSTILE = {
    "nothing": b"",
    "a sync frame without its kind": b"\x00",
    "a kind without its payload": b"\x00\x02",
    "an unknown sync message": b"\x00\x03\x00",
    "an unknown type": b"\x09",
    "a refusal, which only the server sends": encode_denied("no"),
    "a payload cut short": encode_update(b"abc")[:-1],
    "a payload that claims 2^40": Writer().raw(b"\x00\x02").var_uint(2**40).raw(b"x").getvalue(),
    "bytes after an update": encode_update(b"abc") + b"\x00",
    "bytes after a state vector": encode_step1(b"\x00") + b"\x00",
    "bytes after an awareness update": encode_awareness_frame(b"") + b"x",
    "bytes after a question": b"\x03\x00",
    "bytes after a control message": encode_control(b"{}") + b" ",
    "a type that never ends": b"\xff" * 200_000,
    "a sync message that never ends": b"\x00" + b"\xff" * 200_000,
    "a length that never ends": b"\x01" + b"\xff" * 200_000,
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_hostile_frames_are_refused_at_once(name: str) -> None:
    began = time.process_time()
    with pytest.raises((MalformedFrame, FrameTooLarge)):
        decode_frame(HOSTILE[name])
    assert time.process_time() - began < 0.1


def test_a_control_message_of_any_size_is_a_frame() -> None:
    """Its own bound is the session's to hold, who can answer it."""
    assert decode_frame(encode_control(b" " * (1 << 20))) == ControlFrame(b" " * (1 << 20))


@given(reason=st.text(max_size=40))
def test_a_refusal_has_the_form_that_stock_providers_read(reason: str) -> None:
    assert encode_denied(reason) == b"\x02\x00" + Writer().var_string(reason).getvalue()
