"""A session speaks for itself alone, under the name the server knows."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Awareness, Doc

from crdt.awareness import CLOCK_MAX, ENTRIES_MAX, STATE_BYTES_MAX, Entry, Presence, decode_awareness, encode_awareness
from crdt.errors import FrameTooLarge, MalformedFrame
from crdt.wire import Writer

CLIENTS = st.integers(0, 2**53 - 1)
CLOCKS = st.integers(0, CLOCK_MAX)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
STATES = st.none() | st.dictionaries(st.text(max_size=5), JSON, max_size=4)


def say(client: int, clock: int, state: object) -> bytes:
    return encode_awareness([Entry(client, clock, state)])  # type: ignore[arg-type]


def raw(state: str | bytes, client: int = 5, clock: int = 1) -> bytes:
    written = state.encode() if isinstance(state, str) else state
    return Writer().var_uint(1).var_uint(client).var_uint(clock).var_bytes(written).getvalue()


def heard(answer: bytes | None) -> Entry:
    assert answer is not None, "it is told to everybody"
    (entry,) = decode_awareness(answer)
    return entry


# ---------------------------------------------------------------- bytes


@given(entries=st.lists(st.builds(Entry, CLIENTS, CLOCKS, STATES), max_size=5))
def test_entries_round_trip(entries: list[Entry]) -> None:
    assert decode_awareness(encode_awareness(entries)) == entries


def test_pycrdt_and_this_read_each_other() -> None:
    native = Awareness(Doc(client_id=5))
    native.set_local_state({"user": {"name": "Zoë 😀"}})
    (entry,) = decode_awareness(native.encode_awareness_update([5]))
    assert (entry.client, entry.state) == (5, {"user": {"name": "Zoë 😀"}})
    native.apply_awareness_update(say(9, 3, {"cursor": "✓"}), "test")
    assert native.states[9] == {"cursor": "✓"}


@given(junk=st.binary(max_size=100), state=st.text(max_size=20))
def test_any_bytes_are_read_or_refused(junk: bytes, state: str) -> None:
    for payload in (junk, b"\x01\x05\x01" + junk, raw(junk), raw(state)):
        try:
            Presence().receive("s1", payload, actor="ana", now=0)
        except (MalformedFrame, FrameTooLarge):
            continue


@given(
    entries=st.lists(st.builds(Entry, CLIENTS, CLOCKS, STATES), min_size=1, max_size=3),
    edits=st.lists(
        st.tuples(st.sampled_from(["set", "cut", "add"]), st.integers(0, 999), st.integers(0, 255)), max_size=4
    ),
)
def test_mutated_updates_are_read_or_refused(entries: list[Entry], edits: list[tuple[str, int, int]]) -> None:
    payload = bytearray(encode_awareness(entries))
    for kind, at, value in edits:
        at %= len(payload) + 1
        payload[at : at + (kind != "add")] = b"" if kind == "cut" else bytes([value])
    presence = Presence()
    try:
        answer = presence.receive("s1", bytes(payload), actor="ana", now=0)
    except (MalformedFrame, FrameTooLarge):
        assert not presence.entries, "what is refused is not kept"
        return
    if answer is not None:
        assert len(decode_awareness(answer)) == 1


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
@pytest.mark.parametrize("shape", ["%s", '{"a": %s}', '{"a": [1, {"b": %s}]}', '{"user": {"name": "x", "age": %s}}'])
def test_a_number_that_browsers_cannot_read_is_refused(shape: str, number: str) -> None:
    with pytest.raises(MalformedFrame):
        decode_awareness(raw(shape % number))


@pytest.mark.parametrize("half", ["\\ud800", "\\udfff", "a\\ud83d", "\\ude00\\ud83d", "\\ud83dz\\ude00"])
@pytest.mark.parametrize("shape", ['{"a": "%s"}', '{"%s": 1}', '{"a": [{"b": ["%s"]}]}', '{"user": {"color": "%s"}}'])
def test_half_a_surrogate_pair_is_refused(shape: str, half: str) -> None:
    with pytest.raises(MalformedFrame):
        decode_awareness(raw(shape % half))


def test_a_whole_surrogate_pair_is_one_character() -> None:
    assert decode_awareness(raw('{"a": "\\ud83d\\ude00"}')) == [Entry(5, 1, {"a": "😀"})]


@pytest.mark.parametrize(
    "state",
    [
        '"words"', "[1]", "1", "true", "{", "", "{} {}", "{'a': 1}", "undefined", "\ufeff{}",
        '{"a": ' + "9" * 5000 + "}", "[" * 5000, '{"a": ' * 5000, b"\xff", b"\xed\xa0\x80",
    ],
)  # fmt: skip
def test_states_that_are_no_plain_objects_are_refused(state: str | bytes) -> None:
    with pytest.raises(MalformedFrame):
        Presence().receive("s1", raw(state), actor="ana", now=0)


def test_a_deep_state_is_taken_or_refused() -> None:
    """What was read at one stack depth is written at another: neither may run out."""
    for depth in range(1, 1100):
        try:
            Presence().receive("s1", raw('{"a":' + "[" * depth + "]" * depth + "}"), actor="ana", now=0)
        except (MalformedFrame, FrameTooLarge):
            assert depth > 100


HOSTILE = {
    "a million entries": Writer().var_uint(10**6).getvalue(),
    "one entry too many": encode_awareness(Entry(at, 1, {}) for at in range(ENTRIES_MAX + 1)),
    "2^53 - 1 entries": Writer().var_uint(2**53 - 1).getvalue(),
    "a state that claims 2^40": b"\x01\x05\x01" + Writer().var_uint(2**40).getvalue(),
    "a count without an end": b"\xff" * 200_000,
    "a client without an end": b"\x01" + b"\xff" * 200_000,
    "fewer entries than announced": b"\x02" + say(5, 1, {})[1:],
    "more entries than announced": say(5, 1, {}) + say(6, 1, {})[1:],
    "trailing bytes": say(5, 1, {}) + b"\x00",
    "900 KB of brackets": raw("[" * 900_000),
    "900 KB of digits": raw('{"a":' + "9" * 900_000 + "}"),
    "nothing": b"",
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_hostile_updates_are_refused_at_once(name: str) -> None:
    presence = Presence()
    began = time.process_time()
    with pytest.raises((MalformedFrame, FrameTooLarge)):
        presence.receive("s1", HOSTILE[name], actor="ana", now=0)
    assert time.process_time() - began < 0.25
    assert presence == Presence()


# ---------------------------------------------------------------- names


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


# ---------------------------------------------------------------- who may speak


def test_nobody_speaks_for_another() -> None:
    presence = Presence()
    presence.receive("s1", say(5, 1, {}), actor="ana", now=0)
    assert presence.receive("s2", say(5, 9, {"user": {"name": "x"}}), actor="mallory", now=0) is None
    assert presence.receive("s2", say(5, 9, None), actor="mallory", now=0) is None, "nor sends them away"
    assert presence.receive("s2", say(6, 1, {}), actor="mallory", now=0) is not None
    assert presence.receive("s2", say(7, 1, {}), actor="mallory", now=0) is None, "one id a session"
    assert (presence.entries[5].clock, presence.entries[5].state) == (1, {"user": {"name": "ana", "kind": "human"}})


def test_the_agents_entry_is_the_servers() -> None:
    presence = Presence()
    presence.place(9, {"user": {"name": "Agent"}}, now=0)
    assert presence.receive("s1", say(9, 99, {"user": {"name": "Agent"}}), actor="mallory", now=0) is None
    assert presence.entries[9].state == {"user": {"name": "Agent"}}
    assert heard(presence.place(9, {}, now=1)).clock == 2


def test_an_echo_of_others_is_ignored_around_the_own_entry() -> None:
    """Stock y-websocket sends back every entry it heard."""
    presence = Presence()
    presence.receive("s1", say(5, 1, {"at": 1}), actor="ana", now=0)
    presence.place(9, {"user": {"name": "Agent"}}, now=0)
    everyone = presence.everyone()
    assert everyone is not None
    echo = [Entry(e.client, e.clock + 1, {"stolen": True}) for e in decode_awareness(everyone)]
    assert presence.receive("s2", encode_awareness(echo), actor="bo", now=1) is None
    answer = presence.receive("s2", encode_awareness([*echo, Entry(6, 1, {"at": 2})]), actor="bo", now=2)
    assert heard(answer) == Entry(6, 1, {"at": 2, "user": {"name": "bo", "kind": "human"}})
    assert {client: entry.clock for client, entry in presence.entries.items()} == {5: 1, 9: 1, 6: 1}


def test_a_farewell_is_no_first_word() -> None:
    presence = Presence()
    assert presence.receive("s1", say(5, 1, None), actor="ana", now=0) is None
    assert presence.entries == {}
    assert presence.receive("s1", say(6, 1, {}), actor="ana", now=0) is not None, "and takes no id"


@given(
    said=st.lists(
        st.tuples(
            st.sampled_from(["ana", "bo", "mallory"]),
            st.integers(1, 4),
            st.integers(0, 5),
            st.booleans(),
            st.booleans(),
        ),
        max_size=25,
    )
)
def test_each_client_id_has_one_speaker_until_it_leaves(said: list[tuple[str, int, int, bool, bool]]) -> None:
    presence, speaker = Presence(), {}
    for session, client, clock, is_here, leaves in said:
        if leaves:
            left = presence.leave(session)
            gone = [own for own, whose in speaker.items() if whose == session]
            assert [heard(left).client] == gone if left is not None else not gone
            for own in gone:
                del speaker[own]
            continue
        before = dict(presence.entries)
        answer = presence.receive(session, say(client, clock, {} if is_here else None), actor=session, now=0)
        changed = {key for key in before | presence.entries if before.get(key) is not presence.entries.get(key)}
        assert changed == (set() if answer is None else {client})
        if answer is None:
            continue
        assert speaker.setdefault(client, session) == session
        assert list(speaker.values()).count(session) == 1
        assert clock >= (before[client].clock if client in before else 0)
        state = heard(answer).state
        assert state is None or state["user"]["name"] == session


# ---------------------------------------------------------------- clocks and leaving


def test_clocks_do_not_go_back() -> None:
    presence = Presence()
    presence.receive("s1", say(5, 7, {"a": 1}), actor="ana", now=0)
    assert presence.receive("s1", say(5, 3, {"a": 2}), actor="ana", now=0) is None
    assert presence.receive("s1", say(5, 3, None), actor="ana", now=0) is None
    assert presence.entries[5].clock == 7
    assert heard(presence.receive("s1", say(5, 8, {"a": 3}), actor="ana", now=0)).clock == 8


def test_a_clock_that_would_freeze_a_client_is_ignored() -> None:
    presence = Presence()
    presence.receive("s1", say(5, 1, {"a": 1}), actor="ana", now=0)
    assert presence.receive("s1", say(5, 2**53 - 1, {"a": 2}), actor="ana", now=0) is None
    assert heard(presence.receive("s1", say(5, 2, {"a": 3}), actor="ana", now=0)).clock == 2


def test_leaving_says_null_to_everybody() -> None:
    presence = Presence()
    presence.receive("s1", say(5, 7, {"a": 1}), actor="ana", now=0)
    farewell = presence.leave("s1")
    assert heard(farewell) == Entry(5, 7, None), "at its own clock: it may come back at the next"
    assert presence.everyone() is None
    assert presence.leave("s1") is None
    assert presence.leave("unknown") is None
    assert presence == Presence(), "nothing is left behind"


def test_pycrdt_believes_the_farewell() -> None:
    presence, native = Presence(), Awareness(Doc(client_id=1))
    native.apply_awareness_update(presence.receive("s1", say(5, 7, {"a": 1}), actor="ana", now=0), "test")
    assert 5 in native.states
    native.apply_awareness_update(presence.leave("s1"), "test")
    assert 5 not in native.states


def test_who_left_by_itself_is_not_shown_and_may_come_back() -> None:
    presence = Presence()
    presence.receive("s1", say(5, 1, {"a": 1}), actor="ana", now=0)
    assert heard(presence.receive("s1", say(5, 2, None), actor="ana", now=0)) == Entry(5, 2, None)
    assert presence.everyone() is None
    assert heard(presence.receive("s1", say(5, 3, {"a": 2}), actor="ana", now=0)).clock == 3


def test_a_new_session_takes_over_the_id_of_one_that_left() -> None:
    presence = Presence()
    presence.receive("s1", say(5, 7, {}), actor="ana", now=0)
    presence.leave("s1")
    assert heard(presence.receive("s2", say(5, 8, {}), actor="ana", now=1)).clock == 8


def test_who_joins_hears_of_everyone() -> None:
    presence = Presence()
    presence.receive("s1", say(5, 1, {}), actor="ana", now=0)
    presence.receive("s2", say(6, 1, {}), actor="bo", now=0)
    everyone = presence.everyone()
    assert everyone is not None
    assert {e.client: e.state["user"]["name"] for e in decode_awareness(everyone) if e.state} == {5: "ana", 6: "bo"}


# ---------------------------------------------------------------- bounds


@pytest.mark.parametrize("word", ["x", "é", "😀", "\\", "\x01"])
def test_a_state_above_4_kib_is_refused_and_the_last_one_stays(word: str) -> None:
    presence = Presence()
    presence.receive("s1", say(5, 1, {"a": 1}), actor="ana", now=0)
    with pytest.raises(FrameTooLarge, match=str(STATE_BYTES_MAX)):
        presence.receive("s1", say(5, 2, {"a": word * 5000}), actor="ana", now=0)
    assert presence.entries[5].clock == 1


def test_a_state_of_4_kib_is_taken() -> None:
    empty = len(json.dumps({"a": "", "user": {"name": "ana", "kind": "human"}}, separators=(",", ":")))
    state = {"a": "x" * (STATE_BYTES_MAX - empty)}
    assert heard(Presence().receive("s1", say(5, 1, state), actor="ana", now=0)).state is not None
