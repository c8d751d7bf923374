"""What an intent is as a value: its kinds, states, roles and the frame in which it comes."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.structs import any_struct
from workspace.http.intents import NewIntent
from workspace.intents.model.intent import (
    INSTRUCTIONS,
    LIVE,
    RANKS,
    RUNNING_KINDS,
    TERMINAL,
    IntentContent,
    IntentFrame,
    IntentKind,
    Need,
    Role,
    Scope,
    frame_of,
    is_role,
    rank_of,
)


@settings(max_examples=examples(100), deadline=None)
@given(frame=any_struct(IntentFrame))
def test_a_frame_is_read_as_it_was_written(frame: IntentFrame) -> None:
    assert msgspec.json.decode(msgspec.json.encode(frame), type=IntentFrame) == frame


def test_a_frame_leaves_out_what_is_the_default() -> None:
    assert msgspec.json.encode(IntentFrame(n=1)) == b'{"n":1}'
    place = Scope("plan", from_="a", to="b")
    text = msgspec.json.encode(IntentFrame(n=1, needs={"plan": Need("AA==", 2)}, scope=(place,)))
    assert msgspec.json.decode(text) == {
        "n": 1,
        "needs": {"plan": {"sv": "AA==", "sent": 2}},
        "scope": [{"doc": "plan", "from": "a", "to": "b"}],
    }


@settings(max_examples=examples(60), deadline=None)
@given(content=any_struct(IntentContent), n=st.integers(1, 99), seen=st.integers(0, 99))
def test_a_frame_made_of_a_content_says_all_of_it(content: IntentContent, n: int, seen: int) -> None:
    frame = frame_of(content, n=n, seen=seen)
    assert msgspec.structs.asdict(frame) == {**msgspec.structs.asdict(content), "n": n, "seen": seen, "needs": {}}


def test_an_intent_over_http_says_what_one_on_a_socket_says_but_counts_by_itself() -> None:
    sent = msgspec.convert({"kind": "answer", "refs": ["q7"], "value": "i5"}, NewIntent)
    assert (sent.n, sent.seen) == (None, None)
    assert frame_of(sent, n=3, seen=9) == IntentFrame(n=3, seen=9, kind="answer", refs=("q7",), value="i5")


@pytest.mark.parametrize(
    ("scope", "is_whole"),
    [
        (Scope("plan"), True),
        (Scope("plan", quote="what stood there"), True),
        (Scope("plan", from_="a"), False),
        (Scope("plan", from_="a", to="b"), False),
        (Scope("budget", keys=(("tent",),)), False),
    ],
)
def test_a_scope_without_anchors_and_keys_is_the_whole_document(scope: Scope, is_whole: bool) -> None:
    assert scope.is_whole == is_whole


def test_an_intent_is_live_or_has_ended() -> None:
    assert not LIVE & TERMINAL
    assert len(LIVE) + len(TERMINAL) == 15


def test_only_what_the_agent_carries_out_runs() -> None:
    assert set(get_args(IntentKind)) - RUNNING_KINDS == {"answer", "cancel"}
    assert set(INSTRUCTIONS) < RUNNING_KINDS


def test_a_role_ranks_above_the_next_and_an_unknown_one_above_nobody() -> None:
    ordered: tuple[Role, ...] = ("owner", "guest", "editor", "commenter", "viewer", "agent")
    assert ordered == get_args(Role) == tuple(RANKS)
    ranks = [rank_of(role) for role in ordered]
    assert ranks[1:] == sorted(set(ranks), reverse=True)
    assert rank_of("guest") == rank_of("owner"), "an open server is for trying everything"
    assert rank_of("emperor") == rank_of("agent") == 0
    assert all(is_role(role) for role in ordered)
    assert not is_role("emperor")
