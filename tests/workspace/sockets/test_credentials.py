"""Which tokens a socket brings, and in which order they count."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workspace.sockets.credentials import SESSION_COOKIE, cookie_token, offered_tokens, socket_tokens

COOKIE = f"{SESSION_COOKIE}=c1"
QUERY = {"token": ["q1", "q2"], "name": ["x"]}


def test_what_the_subprotocols_offer_counts_before_the_cookie_and_the_address() -> None:
    headers = {"cookie": COOKIE, "origin": "https://here"}
    assert list(socket_tokens(["folkmoot", "token.s1", "token.s2"], headers, QUERY)) == ["s1", "s2", "c1", "q1", "q2"]


def test_a_cookie_without_an_origin_is_none() -> None:
    assert list(socket_tokens([], {"cookie": COOKIE}, {})) == []
    assert list(socket_tokens([], {"cookie": COOKIE, "origin": ""}, {})) == []


def test_only_what_is_marked_as_a_token_is_one() -> None:
    assert offered_tokens(["folkmoot", "token.", "token.a.b", "xtoken.c"]) == ["", "a.b"]


@given(header=st.text(max_size=60))
def test_whatever_stands_in_a_cookie_header_is_read_or_passed_over(header: str) -> None:
    assert cookie_token(header) is None or SESSION_COOKIE in header


def test_the_session_is_found_among_other_cookies() -> None:
    assert cookie_token(f"a=b; {COOKIE}; d=e") == "c1"
    assert cookie_token("a=b") is None
