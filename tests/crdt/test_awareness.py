"""A session speaks for itself alone, under the name the server knows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crdt.awareness import Entry, Presence, decode_awareness, encode_awareness
from crdt.errors import FrameTooLarge, MalformedFrame
from crdt.wire import Writer


def say(client: int, clock: int, state: object) -> bytes:
    return encode_awareness([Entry(client, clock, state)])  # type: ignore[arg-type]


def test_a_name_is_the_servers_word_and_the_colour_the_clients() -> None:
    presence = Presence()
    heard = presence.receive(
        "s1", say(5, 1, {"user": {"name": "Boss", "color": "#123"}, "cursor": 3}), actor="ana", now=0
    )
    assert heard is not None
    (entry,) = decode_awareness(heard)
    assert entry.state == {"user": {"name": "ana", "kind": "human", "color": "#123"}, "cursor": 3}


def test_nobody_speaks_for_another() -> None:
    presence = Presence()
    presence.receive("s1", say(5, 1, {}), actor="ana", now=0)
    assert presence.receive("s2", say(5, 9, {"user": {"name": "x"}}), actor="mallory", now=0) is None
    assert presence.receive("s2", say(6, 1, {}), actor="mallory", now=0) is not None
    assert presence.receive("s2", say(7, 1, {}), actor="mallory", now=0) is None, "one id a session"
    assert presence.entries[5].clock == 1


def test_the_agents_entry_is_the_servers() -> None:
    presence = Presence()
    presence.place(9, {"user": {"name": "Agent"}}, now=0)
    assert presence.receive("s1", say(9, 99, {"user": {"name": "Agent"}}), actor="mallory", now=0) is None
    assert decode_awareness(presence.place(9, {}, now=1))[0].clock == 2


def test_clocks_do_not_go_back_and_leaving_is_told() -> None:
    presence = Presence()
    presence.receive("s1", say(5, 7, {"a": 1}), actor="ana", now=0)
    assert presence.receive("s1", say(5, 3, {"a": 2}), actor="ana", now=0) is None
    farewell = presence.leave("s1")
    assert farewell is not None
    assert decode_awareness(farewell) == [Entry(5, 7, None)]
    assert presence.everyone() is None
    assert presence.leave("s1") is None


@pytest.mark.parametrize("state", ["NaN", '{"a": NaN}', '"words"', "[1]", "{", '{"a": "\\ud800"}', "[" * 5000])
def test_states_that_are_no_plain_objects_are_refused(state: str) -> None:
    payload = Writer().var_uint(1).var_uint(5).var_uint(1).var_string(state).getvalue()
    with pytest.raises(MalformedFrame):
        Presence().receive("s1", payload, actor="ana", now=0)


def test_too_much_is_refused() -> None:
    with pytest.raises(FrameTooLarge):
        Presence().receive("s1", say(5, 1, {"a": "x" * 5000}), actor="ana", now=0)
    with pytest.raises(FrameTooLarge):
        decode_awareness(Writer().var_uint(10**6).getvalue())


@given(junk=st.binary(max_size=100))
def test_any_bytes_are_read_or_refused(junk: bytes) -> None:
    try:
        Presence().receive("s1", junk, actor="ana", now=0)
    except (MalformedFrame, FrameTooLarge):
        return
