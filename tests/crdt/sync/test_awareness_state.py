"""A state is mended, signed and cut to its bound, and its person is shown whatever it holds."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crdt.errors import MalformedFrame
from crdt.sync.awareness import (
    STATE_BYTES_MAX,
    AwarenessEntry,
    Presence,
    decode_awareness,
)
from crdt.sync.awareness_state import LEVELS_MAX, encode_state, read_state, sign_state
from tests.crdt.sync.sayings import JSON, heard, raw, said_of, say
from tests.support.examples import examples
from tests.support.oracle import Oracle


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 5000])
@pytest.mark.parametrize(
    ("shape", "shown"),
    [
        ('{"a": %s}', {"a": None}),
        ('{"a": [1, {"b": %s}]}', {"a": [1, {"b": None}]}),
        ('{"user": {"name": "x", "age": %s}, "c": 1}', {"c": 1}),
    ],
)
def test_a_number_that_browsers_cannot_read_is_null(shape: str, shown: object, number: str) -> None:
    assert said_of(shape % number) == (shown, "")


@pytest.mark.parametrize(
    ("half", "mended"),
    [
        ("\\ud800", "\ufffd"), ("\\udfff", "\ufffd"), ("a\\ud83d", "a\ufffd"), ("\\ude00\\ud83d", "\ufffd\ufffd"),
        ("\\ud83dz\\ude00", "\ufffdz\ufffd"), ("\\ud83d😀", "\ufffd😀"),
    ],
)  # fmt: skip
def test_half_a_surrogate_pair_is_a_replacement_character(half: str, mended: str) -> None:
    assert said_of(f'{{"a": "{half}"}}') == ({"a": mended}, "")
    assert said_of(f'{{"{half}": 1}}') == ({mended: 1}, "")
    assert said_of(f'{{"a": [{{"b": ["{half}"]}}]}}') == ({"a": [{"b": [mended]}]}, "")


@pytest.mark.parametrize("state", ['"words"', "[1]", "1", "true", "NaN"])
def test_a_state_that_is_no_object_shows_the_person_alone(state: str) -> None:
    if state == "NaN":
        assert Presence().receive("s1", raw(state), actor="ana", now=0) is not None
        return
    shown, problem = said_of(state)
    assert shown == {}
    assert "object" in problem


def test_a_whole_surrogate_pair_is_one_character() -> None:
    assert decode_awareness(raw('{"a": "\\ud83d\\ude00"}')) == [AwarenessEntry(5, 1, {"a": "😀"})]


@pytest.mark.parametrize(
    "state",
    [
        "{", "", "{} {}", "{'a': 1}", "undefined", "\ufeff{}", "[" * 100, b"\xff", b"\xed\xa0\x80",
    ],
)  # fmt: skip
def test_states_that_are_no_json_are_malformed(state: str | bytes) -> None:
    with pytest.raises(MalformedFrame):
        Presence().receive("s1", raw(state), actor="ana", now=0)


@pytest.mark.long
def test_a_deep_part_is_left_out_and_its_neighbour_stays() -> None:
    """What was read at one stack depth is written at another: neither may run out."""
    for depth in range(1, 1100):
        shown, problem = said_of('{"b": 1, "a":' + "[" * depth + "]" * depth + "}")
        assert "b" in shown or depth > 900
        assert ("a" in shown) is (depth <= LEVELS_MAX)
        assert bool(problem) is (depth > LEVELS_MAX)


DEAR = {
    "900 KB of brackets": "[" * 900_000,
    "900 KB of digits": '{"a":' + "9" * 900_000 + "}",
    "2 MB of anything": '{"a":"' + "x" * 2_000_000 + '"}',
    "2 MB of no JSON": "x" * 2_000_000,
}


@pytest.mark.parametrize("name", list(DEAR))
def test_a_state_that_would_be_dear_to_read_shows_the_person_at_once(name: str) -> None:
    began = time.process_time()
    shown, _ = said_of(DEAR[name])
    assert shown in ({}, {"a": None})
    assert time.process_time() - began < 0.25


def test_a_name_is_the_servers_word_and_the_colour_the_clients() -> None:
    said = {"user": {"name": "Boss", "kind": "agent", "role": "owner", "color": "#123"}, "cursor": 3}
    entry = heard(Presence().receive("s1", say(5, 1, said), actor="ana", now=0))
    assert entry.state == {"user": {"name": "ana", "kind": "human", "color": "#123"}, "cursor": 3}


@given(user=JSON, rest=st.dictionaries(st.text(max_size=5), JSON, max_size=3), actor=st.text(min_size=1, max_size=9))
def test_whatever_a_client_calls_itself_it_is_who_the_server_knows(user: object, rest: dict, actor: str) -> None:
    entry = heard(Presence().receive("s1", say(5, 1, {**rest, "user": user}), actor=actor, now=0))
    assert entry.state is not None
    assert (entry.state["user"]["name"], entry.state["user"]["kind"]) == (actor, "human")
    assert set(entry.state["user"]) <= {"name", "kind", "color", "colorLight"}
    assert {key: part for key, part in entry.state.items() if key != "user"} == {
        key: part for key, part in rest.items() if key != "user"
    }


@pytest.mark.parametrize("colour", ["x" * 33, 7, None, ["#123"], {"r": 1}])
def test_a_colour_that_is_no_short_word_is_dropped(colour: object) -> None:
    said = {"user": {"color": colour, "colorLight": "#abc"}}
    entry = heard(Presence().receive("s1", say(5, 1, said), actor="ana", now=0))
    assert entry.state == {"user": {"name": "ana", "kind": "human", "colorLight": "#abc"}}


@pytest.mark.parametrize("word", ["x", "é", "😀", "\\", "\x01"])
def test_what_is_too_large_is_left_out_and_the_person_stays(word: str) -> None:
    presence = Presence()
    presence.receive("s1", say(5, 1, {"a": 1}), actor="ana", now=0)
    state = {"picture": word * 20_000, "cursor": {"anchor": 3}, "user": {"name": "x", "color": "#123"}}
    answer = presence.receive("s1", say(5, 2, state), actor="ana", now=0)
    user = {"name": "ana", "kind": "human", "color": "#123"}
    assert heard(answer).state == {"cursor": {"anchor": 3}, "user": user}
    assert answer is not None
    assert "picture" in answer.problem
    assert str(STATE_BYTES_MAX) in answer.problem


@given(
    parts=st.dictionaries(st.text(max_size=5), st.integers(0, 400).map("é".__mul__) | JSON, max_size=12),
    most=st.integers(1024, 4096),
)
def test_a_state_always_fits(parts: dict[str, object], most: int) -> None:
    answer = Presence(most).receive("s1", say(5, 1, parts), actor="ana", now=0)
    entry = heard(answer)
    assert entry.state is not None
    size = len(json.dumps(entry.state, separators=(",", ":"), ensure_ascii=False).encode())
    assert size <= most
    assert answer is not None
    assert bool(answer.problem) is (set(parts) - set(entry.state) != set())


def test_a_state_of_16_kib_is_taken() -> None:
    empty = len(json.dumps({"a": "", "user": {"name": "ana", "kind": "human"}}, separators=(",", ":")))
    state = {"a": "x" * (STATE_BYTES_MAX - empty)}
    assert heard(Presence().receive("s1", say(5, 1, state), actor="ana", now=0)).state is not None


BROKEN = st.text('{}[]",:\\ud83e9.-0 é😀NaIfinty', max_size=24) | st.recursive(
    JSON | st.floats(), lambda inner: st.dictionaries(st.text(max_size=3), inner, max_size=3), max_leaves=6
).map(json.dumps)


@given(text=BROKEN)
def test_whatever_is_sent_the_state_is_json_of_bounded_depth_or_malformed(text: str) -> None:
    try:
        state, problem = read_state(text.encode())
    except MalformedFrame:
        with pytest.raises(ValueError):
            json.loads(text)
        return
    if state is None:
        assert (
            json.loads(text, parse_constant=lambda _: None, parse_float=lambda _: None, parse_int=lambda _: None)
            is None
        )
        assert problem == ""
        return
    assert json.loads(encode_state(state)) == state
    again, _ = read_state(encode_state(state).encode())
    assert again == state, "what is mended stays as it is"


@pytest.mark.stock
@settings(max_examples=examples(60), deadline=None)
@given(text=BROKEN)
def test_a_browser_reads_every_state_that_is_shown(yjs: Oracle, text: str) -> None:
    try:
        state, _ = read_state(text.encode())
    except MalformedFrame:
        return
    shown, _ = sign_state(state or {}, "ana", bytes_max=STATE_BYTES_MAX, bytes_read=len(text))
    said = encode_state(shown)
    code = f"send(new TextEncoder().encode(JSON.stringify(JSON.parse({json.dumps(said)}))))"
    assert json.loads(yjs.make(code)[0], parse_int=float) == json.loads(said, parse_int=float)


@given(state=st.dictionaries(st.text(max_size=4), JSON, max_size=5), bytes_max=st.integers(200, 900))
def test_of_a_large_state_the_smallest_parts_are_kept(state: dict[str, object], bytes_max: int) -> None:
    said = len(encode_state(state).encode())
    signed, problem = sign_state(state, "ana", bytes_max=bytes_max, bytes_read=said)
    assert len(encode_state(signed).encode()) <= bytes_max
    left_out = set(state) - set(signed)
    assert bool(problem) == bool(left_out)
    sizes = {key: len(encode_state({key: part}).encode()) for key, part in state.items() if key != "user"}
    assert all(sizes[kept] <= sizes[gone] for kept in set(sizes) - left_out for gone in left_out)
