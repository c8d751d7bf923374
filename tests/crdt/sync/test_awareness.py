"""A session speaks for itself alone, under the name the server knows."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Awareness, Doc

from crdt.errors import MalformedFrame
from crdt.sync.awareness import (
    GONE_MAX,
    AwarenessEntry,
    Presence,
    decode_awareness,
    encode_awareness,
)
from crdt.updates.lib0 import Writer
from tests.crdt.sync.sayings import CLIENTS, CLOCKS, STATES, heard, raw, say

# ---------------------------------------------------------------- bytes


@given(entries=st.lists(st.builds(AwarenessEntry, CLIENTS, CLOCKS, STATES), max_size=5))
def test_entries_round_trip(entries: list[AwarenessEntry]) -> None:
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
        except MalformedFrame:
            continue


@given(
    entries=st.lists(st.builds(AwarenessEntry, CLIENTS, CLOCKS, STATES), min_size=1, max_size=3),
    edits=st.lists(
        st.tuples(st.sampled_from(["set", "cut", "add"]), st.integers(0, 999), st.integers(0, 255)), max_size=4
    ),
)
def test_mutated_updates_are_read_or_refused(entries: list[AwarenessEntry], edits: list[tuple[str, int, int]]) -> None:
    payload = bytearray(encode_awareness(entries))
    for kind, at, value in edits:
        at %= len(payload) + 1
        payload[at : at + (kind != "add")] = b"" if kind == "cut" else bytes([value])
    presence = Presence()
    try:
        answer = presence.receive("s1", bytes(payload), actor="ana", now=0)
    except MalformedFrame:
        assert not presence.entries, "what is refused is not kept"
        return
    if answer is not None:
        heard(answer)


HOSTILE = {
    "a million entries": Writer().var_uint(10**6).getvalue(),
    "2^53 - 1 entries": Writer().var_uint(2**53 - 1).getvalue(),
    "a state that claims 2^40": b"\x01\x05\x01" + Writer().var_uint(2**40).getvalue(),
    "a count without an end": b"\xff" * 200_000,
    "a client without an end": b"\x01" + b"\xff" * 200_000,
    "fewer entries than announced": b"\x02" + say(5, 1, {})[1:],
    "more entries than announced": say(5, 1, {}) + say(6, 1, {})[1:],
    "trailing bytes": say(5, 1, {}) + b"\x00",
    "nothing": b"",
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_hostile_updates_are_refused_at_once(name: str) -> None:
    presence = Presence()
    began = time.process_time()
    with pytest.raises(MalformedFrame):
        presence.receive("s1", HOSTILE[name], actor="ana", now=0)
    assert time.process_time() - began < 0.25
    assert presence == Presence()


@pytest.mark.parametrize("count", [1_001, 20_000, 60_000])
def test_of_very_many_entries_the_own_one_is_taken(count: int) -> None:
    presence = Presence()
    presence.receive("s1", say(5, 1, {"a": 1}), actor="ana", now=0)
    echo = [AwarenessEntry(1_000 + at, 1, {}) for at in range(count - 1)]
    assert (
        heard(
            presence.receive("s1", encode_awareness([AwarenessEntry(5, 2, {"a": 2}), *echo]), actor="ana", now=0)
        ).clock
        == 2
    )
    assert set(presence.entries) == {5}


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
    assert presence.place(9, {}, now=1).clock == 2


def test_an_echo_of_others_is_ignored_around_the_own_entry() -> None:
    """Stock y-websocket sends back every entry it heard."""
    presence = Presence()
    presence.receive("s1", say(5, 1, {"at": 1}), actor="ana", now=0)
    presence.place(9, {"user": {"name": "Agent"}}, now=0)
    everyone = presence.everyone()
    assert everyone is not None
    echo = [AwarenessEntry(e.client, e.clock + 1, {"stolen": True}) for e in decode_awareness(everyone)]
    assert presence.receive("s2", encode_awareness(echo), actor="bo", now=1) is None
    answer = presence.receive("s2", encode_awareness([*echo, AwarenessEntry(6, 1, {"at": 2})]), actor="bo", now=2)
    assert heard(answer) == AwarenessEntry(6, 1, {"at": 2, "user": {"name": "bo", "kind": "human"}})
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
        assert heard(answer).clock > (before[client].clock if client in before else 0), "clocks only rise"
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
    assert heard(farewell) == AwarenessEntry(5, 7, None), "at its own clock: it may come back at the next"
    assert presence.everyone() is None
    assert presence.leave("s1") is None
    assert presence.leave("unknown") is None
    assert presence == Presence(gone={5: 7}), "its clock alone is left behind"


def test_who_comes_back_at_its_old_clock_is_news() -> None:
    """A stock client says the same again when it reconnects; others hold its farewell at that clock."""
    presence = Presence()
    presence.receive("s1", say(5, 7, {"a": 1}), actor="ana", now=0)
    presence.leave("s1")
    assert heard(presence.receive("s2", say(5, 7, {"a": 1}), actor="ana", now=1)).clock == 8
    for client in range(3 * GONE_MAX):
        presence.receive(f"t{client}", say(1_000 + client, 1, {}), actor="bo", now=1)
        presence.leave(f"t{client}")
    assert len(presence.gone) == GONE_MAX


# ---------------------------------------------------------------- renewing


class Other:
    """Somebody's y-protocols awareness: what it takes of others, and how it guards its own entry."""

    def __init__(self, client: int) -> None:
        self.client = client
        self.clocks: dict[int, int] = {}
        self.states: dict[int, object] = {}

    def say(self, state: object) -> bytes:
        self.clocks[self.client] = self.clocks.get(self.client, -1) + 1
        self.states[self.client] = state
        return self.again()

    def again(self) -> bytes:
        return say(self.client, self.clocks[self.client], self.states.get(self.client))

    def take(self, update: bytes) -> bool:
        """Apply as `applyAwarenessUpdate`; True where something was news."""
        is_news = False
        for entry in decode_awareness(update):
            known = self.clocks.get(entry.client, 0)
            is_farewell = known == entry.clock and entry.state is None and entry.client in self.states
            if known < entry.clock or is_farewell:
                is_news, clock = True, entry.clock
                if entry.state is not None:
                    self.states[entry.client] = entry.state
                elif entry.client == self.client and self.client in self.states:
                    clock += 1
                else:
                    self.states.pop(entry.client, None)
                self.clocks[entry.client] = clock
        return is_news


@given(acts=st.lists(st.sampled_from(["say", "again", "beat", "deliver", "answer", "leave"]), max_size=40))
def test_nothing_an_owner_says_is_ignored_by_others_however_it_crosses_a_renewal(acts: list[str]) -> None:
    presence, owner, other = Presence(), Other(5), Other(6)
    up: list[bytes] = []  # on its way from the owner to the server
    down: list[bytes] = []  # on its way from the server to the owner
    now, count, session = 0.0, 0, "s0"

    def serve() -> None:
        answer = presence.receive(session, up.pop(0), actor="ana", now=now)
        if answer is not None and answer.update is not None:
            assert other.take(answer.update), "whatever the server says of somebody is news"

    for act in ["say", *acts, *["deliver"] * 41, *["answer"] * 41, *["deliver"] * 41]:
        if act == "say":
            count += 1
            up.append(owner.say({"at": count}))
        elif act == "again":
            up.append(owner.say({"at": count}))
        elif act == "beat":
            now += 15
            for renewal in presence.renew(now=now, after=13.5):
                assert renewal.session == session
                assert other.take(renewal.update), "a renewal is news"
                if renewal.question is not None:
                    down.append(renewal.question)
        elif act == "deliver" and up:
            serve()
        elif act == "answer" and down and owner.take(down.pop(0)):
            up.append(owner.again())
        elif act == "leave":
            up.clear()
            down.clear()
            farewell = presence.leave(session)
            session += "x"
            if farewell is not None:
                assert other.take(farewell)
            up.append(owner.again())
    assert owner.states[5] == {"at": count}, "nobody overwrites what an owner says of itself"
    shown = other.states[5]
    assert isinstance(shown, dict)
    assert shown["at"] == count, "others see its last word"


def test_a_silent_entry_is_renewed_and_its_owner_asked_where_it_lags() -> None:
    presence = Presence()
    presence.receive("s1", say(5, 1, {"a": 1}), actor="ana", now=0)
    presence.place(9, {"user": {"name": "Agent"}}, now=0)
    assert presence.renew(now=13, after=13.5) == []
    (first,) = presence.renew(now=15, after=13.5)
    assert (heard(first.update).clock, first.question) == (2, None)
    (second,) = presence.renew(now=30, after=13.5)
    assert heard(second.update) == AwarenessEntry(5, 3, {"a": 1, "user": {"name": "ana", "kind": "human"}})
    assert heard(second.question) == AwarenessEntry(5, 3, None)
    answer = presence.receive("s1", say(5, 4, {"a": 1}), actor="ana", now=31)
    assert heard(answer).clock == 4, "the owner has caught up"
    presence.receive("s1", say(5, 5, None), actor="ana", now=32)
    assert presence.renew(now=99, after=13.5) == [], "who left by itself is not brought back"


def test_a_renewal_that_its_owner_says_again_is_not_told_twice() -> None:
    presence = Presence()
    presence.receive("s1", say(5, 1, {"a": 1}), actor="ana", now=0)
    presence.renew(now=15, after=13.5)
    assert presence.receive("s1", say(5, 2, {"a": 1}), actor="ana", now=16) is None
    assert heard(presence.receive("s1", say(5, 3, {"a": 1}), actor="ana", now=33)).clock == 3


def test_pycrdt_believes_the_farewell() -> None:
    presence, native = Presence(), Awareness(Doc(client_id=1))
    native.apply_awareness_update(
        encode_awareness([heard(presence.receive("s1", say(5, 7, {"a": 1}), actor="ana", now=0))]), "test"
    )
    assert 5 in native.states
    native.apply_awareness_update(presence.leave("s1"), "test")
    assert 5 not in native.states


def test_who_left_by_itself_is_not_shown_and_may_come_back() -> None:
    presence = Presence()
    presence.receive("s1", say(5, 1, {"a": 1}), actor="ana", now=0)
    assert heard(presence.receive("s1", say(5, 2, None), actor="ana", now=0)) == AwarenessEntry(5, 2, None)
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
