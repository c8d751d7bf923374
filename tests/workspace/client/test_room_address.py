"""Every address by which people know a workspace leads to its socket; what is none says so, and shows no secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace.client.faults import Unusable
from workspace.client.room_address import LINK_POINTS_MAX, read_address


@pytest.mark.parametrize(
    ("link", "socket", "token"),
    [
        ("http://h:8000/w/demo#token=fm_a", "ws://h:8000/ws/demo", "fm_a"),
        ("  http://h:8000/w/demo#token=fm_a\n", "ws://h:8000/ws/demo", "fm_a"),
        ("https://h/w/demo/#token=fm_a", "wss://h/ws/demo", "fm_a"),
        ("https://h/moot/here/w/demo#token=fm_a", "wss://h/moot/here/ws/demo", "fm_a"),
        ("https://h/w/w/w/demo?doc=plan#token=fm_a", "wss://h/w/w/ws/demo", "fm_a"),
        ("HTTP://H/w/demo", "ws://h/ws/demo", None),
        ("ws://h/ws/demo", "ws://h/ws/demo", None),
        ("wss://h/moot/ws/demo?token=fm_q", "wss://h/moot/ws/demo", "fm_q"),
        ("ws://[::1]:9/ws/demo", "ws://[::1]:9/ws/demo", None),
        ("ws://h/ws/demo?name=Bo+B", "ws://h/ws/demo?name=Bo+B", None),
        ("https://u:p@h/w/demo", "wss://u:p@h/ws/demo", None),
    ],
)
def test_a_link_leads_to_the_socket_and_its_token_is_not_in_the_address(
    link: str, socket: str, token: str | None
) -> None:
    address = read_address(link)
    assert (address.socket(), address.token, address.workspace) == (socket, token, "demo")
    assert address.socket("a b/ü?") == socket.replace("/ws/demo", "/ws/demo/a%20b/%C3%BC%3F")
    assert not any(secret in f"{address!r}{address.shown}" for secret in ("fm_", "u:p"))


def test_a_token_that_is_given_counts_instead_of_the_link_s() -> None:
    assert read_address("http://h/w/demo#token=fm_a", "fm_b").token == "fm_b"


@pytest.mark.parametrize(
    ("link", "code"),
    [
        ("", "bad_address"), ("demo", "bad_address"), ("/w/demo", "bad_address"), ("h:8000/w/demo", "bad_address"),
        ("ftp://h/w/demo", "bad_address"), ("http://h", "bad_address"), ("http://h/", "bad_address"),
        ("http://h/w/", "bad_address"), ("http://h/w/Demo", "bad_address"), ("http://h/w/demo/plan", "bad_address"),
        ("http:///w/demo", "bad_address"), ("http://h:x/w/demo", "bad_address"), ("http://h:0/w/demo", "bad_address"),
        ("http://h:99999/w/demo", "bad_address"), ("http://[::1/w/demo", "bad_address"),
        ("http://h/w/demo\r\nX: y", "bad_address"), ("http://h/w/demo#token=a\x00b", "bad_address"),
        ("http://h/w/demo#token=a%0d%0ab", "bad_address"), ("http://h/w/%2e%2e", "bad_address"),
        ("http://h/w/demo#invitation=fmi_a", "needs_browser"), ("http://h/w/demo#problem=x", "needs_browser"),
        ("http://h/api/sign-in?ws=demo", "needs_browser"), (f"http://h/w/demo#{'x' * LINK_POINTS_MAX}", "bad_address"),
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_workspace_says_what_one_looks_like(link: str, code: str) -> None:
    with pytest.raises(Unusable) as raised:
        read_address(link)
    assert raised.value.code == code
    assert raised.value.remedy


@given(link=st.text() | st.text().map(lambda text: f"http://h/w/demo{text}") | st.text().map(lambda t: f"ws://{t}"))
def test_whatever_is_given_is_an_address_or_an_error_of_one_kind(link: str) -> None:
    try:
        address = read_address(link)
    except Unusable:
        return
    assert address.socket().startswith(("ws://", "wss://"))
    assert address.shown.isprintable()
