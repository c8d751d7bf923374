"""What a client sends is bounded before anything looks at it; what does not fit is a value, never an exception."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workspace.intents.driver import Driver
from workspace.intents.model.intent import IntentFrame
from workspace.protocol.bounded_json import INTEGER_MAX, NESTING_MAX, Malformed, read_json
from workspace.protocol.messages import (
    ACKNOWLEDGED_MAX,
    MESSAGE_BYTES_MAX,
    PROTOCOL_NUMBER,
    Acknowledge,
    ClientMessage,
    Composing,
    Hello,
    Seen,
    Welcome,
    decode_client,
    encode,
    encode_record,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ('{"type":"hello"}', Hello()),
        ('{"type":"hello","lane":"L1","secret":"s","seen":4,"follow":false}', Hello("L1", "s", 4, follow=False)),
        ('{"type":"seen","seq":4,"unknown":1}', Seen(4)),
        ('{"type":"composing","on":true}', Composing(on=True)),
        ('{"type":"acknowledge","intents":["i1"]}', Acknowledge(("i1",))),
    ],
)
def test_each_message_is_read_and_unknown_fields_are_passed_over(payload: str, expected: ClientMessage) -> None:
    assert decode_client(payload) == expected
    assert decode_client(payload.encode()) == expected


@pytest.mark.parametrize(
    "payload",
    [
        '{"type":"hello","lane":"L1"}',
        '{"type":"hello","seen":-1}',
        '{"type":"seen","seq":-1}',
        '{"type":"acknowledge","intents":[]}',
        json.dumps({"type": "acknowledge", "intents": ["i"] * (ACKNOWLEDGED_MAX + 1)}),
        '{"type":"nothing"}',
        '{"type":["hello"]}',
        "[]",
        f'{{"type":"seen","seq":{INTEGER_MAX + 1}}}',
        '{"type":"seen","seq":1e999}',
        '{"type":"seen","seq":0,"x":' + "[" * (NESTING_MAX + 1) + "]" * (NESTING_MAX + 1) + "}",
    ],
)
def test_what_is_beyond_a_bound_is_malformed_json(payload: str) -> None:
    found = decode_client(payload)
    assert isinstance(found, Malformed)
    assert found.reason


@pytest.mark.parametrize("payload", ["", "{", "nul", b"\xff\xfe", "[" * 100_000])
def test_what_is_no_json_is_told_apart_unless_it_is_too_deep_to_know(payload: bytes | str) -> None:
    found = decode_client(payload)
    assert isinstance(found, Malformed)


def test_a_message_that_is_too_large_is_answered_by_its_number() -> None:
    large = json.dumps({"type": "intent", "n": 9, "text": "x" * MESSAGE_BYTES_MAX, "seen": 0})
    found = decode_client(large)
    assert isinstance(found, Malformed)
    assert (found.code, found.n) == ("too_large", 9)


@given(value=JSON)
def test_whatever_json_comes_is_a_message_or_malformed(value: object) -> None:
    for payload in (json.dumps(value), json.dumps({"type": "intent", "n": value, "text": value, "scope": value})):
        found = decode_client(payload)
        assert isinstance(found, ClientMessage | Malformed)


def test_half_a_surrogate_pair_becomes_a_mark_and_loses_nothing_else() -> None:
    assert read_json('"a\\ud83d b"') == "a\ufffd b"


def test_an_intent_on_a_socket_without_a_stamp_has_seen_nothing() -> None:
    found = decode_client('{"type":"intent","n":1,"text":"do it"}')
    assert isinstance(found, IntentFrame)
    assert found.seen == 0, "over HTTP it has seen what is durable: whoever is on a socket was shown the log"


def test_an_intent_survives_the_wire() -> None:
    found = decode_client('{"type":"intent","n":1,"text":"do it","seen":3,"refs":["i1"]}')
    assert found == IntentFrame(n=1, text="do it", seen=3, refs=("i1",))


def test_welcome_says_which_protocol_is_spoken() -> None:
    welcome = Welcome("L", "s", 0, 1, 1, "ana", "editor", "0.1")
    assert json.loads(encode(welcome))["protocol"] == PROTOCOL_NUMBER == 1


def test_a_record_is_told_as_it_stands_in_the_log() -> None:
    for row in Driver().rows:
        told = json.loads(encode_record(row))
        assert (told["type"], told["seq"], told["prev"], told["hash"]) == ("record", row.seq, row.prev, row.hash)
        assert told["kind"] == row.kind
