"""Who is behind a proxy, and under which prefix: told by trusted addresses alone, and to every path alike."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from workspace.settings import LOOPBACK, Settings, is_root_path, read_networks, read_root_path, read_settings
from workspace.sockets.origins import is_own_host, is_own_page
from workspace.sockets.proxies import FORWARDED_HOST, is_trusted, place, read_told

PROXY, FAR = "10.1.2.3", "203.0.113.9"
BEHIND = Settings(forwarded_allow_ips=("10.0.0.0/8",))


def scope(path: str = "/w/demo", client: str = PROXY, kind: str = "http", **headers: str) -> dict[str, Any]:
    named = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {
        "type": kind, "method": "POST", "path": path, "raw_path": path.encode(), "root_path": "", "headers": named,
        "scheme": "http" if kind == "http" else "ws", "client": (client, 4711), "server": ("127.0.0.1", 8000),
    }  # fmt: skip


def placed(settings: Settings, **asked: Any) -> dict[str, Any]:
    found = scope(**asked)
    place(found, settings)
    return found


@pytest.mark.parametrize("path", ["/moot/w/demo", "/w/demo"], ids=["passed on", "stripped"])
def test_a_prefix_stands_before_a_path_whether_it_was_stripped_or_passed_on(path: str) -> None:
    for found in (
        placed(Settings(root_path="/moot"), path=path),
        placed(BEHIND, path=path, x_forwarded_prefix="/moot/"),
    ):
        assert (found["root_path"], found["path"]) == ("/moot", "/moot/w/demo")
        assert found["raw_path"] == b"/moot/w/demo"
        socket = placed(Settings(root_path="/moot"), path=path.replace("/w/", "/ws/"), kind="websocket")
        assert socket["path"] == "/ws/demo"


def test_what_only_begins_like_the_prefix_is_not_under_it() -> None:
    assert placed(Settings(root_path="/moot"), path="/mootings")["path"] == "/moot/mootings"
    assert placed(Settings(root_path="/moot"), path="/moot")["path"] == "/moot"
    assert placed(Settings(), path="/moot/w/demo")["path"] == "/moot/w/demo"


SAID = {
    "x_forwarded_for": FAR, "x_forwarded_proto": "https", "x_forwarded_prefix": "/moot",
    "x_forwarded_host": "docs.example",
}  # fmt: skip


def test_a_trusted_proxy_says_where_a_request_comes_from() -> None:
    found = placed(BEHIND, **SAID)
    assert (found["client"][0], found["scheme"], found["root_path"]) == (FAR, "https", "/moot")
    assert placed(BEHIND, kind="websocket", path="/ws/demo", **SAID)["scheme"] == "wss"


def test_nobody_else_is_believed_in_anything() -> None:
    for settings in (BEHIND, Settings(), Settings(forwarded_allow_ips=())):
        assert placed(settings, client=FAR, **SAID) == scope(client=FAR, **SAID)
    assert placed(Settings(), client="", **SAID) == scope(client="", **SAID)
    nobody = scope(**SAID) | {"client": None}
    place(nobody, Settings(forwarded_allow_ips=("*",)))
    assert nobody["path"] == "/w/demo"


@pytest.mark.parametrize(
    "prefix",
    [
        "moot", "//evil.example", "/a b", '/"><script>', "/..", "/a/../b", "/a;x", "/w", "/api/x", "/ws", "/static",
        "/a\r\nb", "/" + "a" * 65, "/a" * 9, "/é", "/%2e",
    ],
)  # fmt: skip
def test_a_prefix_that_would_mean_something_elsewhere_is_none(prefix: str) -> None:
    assert not is_root_path(prefix)
    assert read_told(scope(x_forwarded_prefix=prefix), BEHIND).prefix == ""
    with pytest.raises(ValueError, match="--root-path and FOLKMOOT_ROOT_PATH take one like /moot"):
        read_root_path(prefix)


def test_the_settings_say_it_in_one_spelling() -> None:
    found = read_settings({"FOLKMOOT_ROOT_PATH": " /a/b/ ", "FOLKMOOT_FORWARDED_ALLOW_IPS": "10.0.0.0/8, ::1 ,*"})
    assert (found.root_path, found.forwarded_allow_ips) == ("/a/b", ("10.0.0.0/8", "::1/128", "*"))
    assert read_settings({}).forwarded_allow_ips == LOOPBACK
    assert read_root_path("/") == ""
    for odd in ("localhost", "10.0.0.1/8", "10.0.0.0/33", "1.2.3"):
        with pytest.raises(ValueError, match="is no address of a proxy: --forwarded-allow-ips"):
            read_networks(odd)
    told = {"FOLKMOOT_ROOT_PATH": "/moot", "FOLKMOOT_URL": "https://docs.example"}
    with pytest.raises(ValueError, match="let the address end with it"):
        read_settings(told)
    assert read_settings({**told, "FOLKMOOT_URL": "https://docs.example/moot/"}).url == "https://docs.example/moot"


ADDRESSES = st.sampled_from(["10.1.1.1", "10.9.9.9", "203.0.113.9", "198.51.100.7", "2001:db8::1", "fd00::1"])


@given(hops=st.lists(ADDRESSES, min_size=1, max_size=5), trusted=st.sampled_from(["10.0.0.0/8", "10.1.1.1,fd00::/8"]))
async def test_who_asked_first_is_whom_uvicorn_finds(hops: list[str], trusted: str) -> None:
    """uvicorn reads the same header in code of its own."""
    theirs = scope(client="10.1.1.1", x_forwarded_for=", ".join(hops))

    async def app(*_: Any) -> None:
        return None

    await ProxyHeadersMiddleware(app, trusted)(theirs, None, None)  # type: ignore[arg-type]
    ours = placed(
        Settings(forwarded_allow_ips=read_networks(trusted)), client="10.1.1.1", x_forwarded_for=",".join(hops)
    )
    assert ours["client"][0] == theirs["client"][0]


@pytest.mark.parametrize("said", ["unknown", "203.0.113.9, _hidden", ", ,", ",".join(["10.1.1.1"] * 33)])
def test_who_cannot_be_read_is_the_proxy(said: str) -> None:
    assert placed(BEHIND, x_forwarded_for=said)["client"] == (PROXY, 4711)


def test_a_client_with_a_port_is_its_address() -> None:
    assert placed(BEHIND, x_forwarded_for="203.0.113.9:5555")["client"][0] == FAR
    assert placed(BEHIND, x_forwarded_for="[2001:db8::1]:5555")["client"][0] == "2001:db8::1"


def test_an_address_is_trusted_in_either_spelling() -> None:
    assert is_trusted("::ffff:127.0.0.1", LOOPBACK)
    assert is_trusted("anything", ("*",))
    assert not is_trusted("127.0.0.2", LOOPBACK)
    assert not is_trusted("localhost", LOOPBACK)


def test_the_host_that_a_proxy_was_asked_for_tells_whose_page_it_is_and_no_name_of_an_open_server() -> None:
    asked = {"host": "127.0.0.1:8000", "origin": "https://docs.example"}
    found = placed(BEHIND, **asked, x_forwarded_host="docs.example")
    assert found[FORWARDED_HOST] == "docs.example"
    assert is_own_page(found, BEHIND)
    assert not is_own_page(placed(BEHIND, client=FAR, **asked, x_forwarded_host="docs.example"), BEHIND)
    assert not is_own_page(placed(BEHIND, **asked), BEHIND)
    led_here = placed(BEHIND, host="evil.example", x_forwarded_host="localhost")
    assert not is_own_host(led_here, BEHIND)
