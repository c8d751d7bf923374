"""A line is opened within its limit, opened again where it breaks, and given up with a reason: never silently."""

from __future__ import annotations

import asyncio
import math
import time

import pytest
from websockets.asyncio.client import ClientConnection

from tests.support.bad_server import WELCOME, Answer, answering, close, framed, http, raw, silent, socket, text
from tests.support.process import free_port
from tests.support.until import until
from workspace.client.faults import Disconnected, Unusable
from workspace.client.line import Line
from workspace.client.room import connect
from workspace.client.room_address import read_address

SECONDS = 1.0
# What a server may do once it has shaken hands; each ends the first opening with this code.
STRANGE: dict[str, tuple[Answer, str]] = {
    "says nothing": (socket(), "no_answer"),
    "closes the line at once": (socket(is_cut=True), "lost"),
    "closes with a code": (socket(close(4401, "unauthenticated: No valid token.")), "unauthenticated"),
    "closes with another's code": (socket(close(1008, "policy")), "origin"),
    "closes with no reason": (socket(close(3000)), "closed"),
    "says what is no JSON": (socket(framed(b"hello")), "bad_message"),
    "says a list": (socket(text([1])), "bad_message"),
    "says bytes": (socket(framed(b"\x00\x01", opcode=2)), "bad_message"),
    "says half a welcome": (socket(text({"type": "welcome"})), "bad_message"),
    "breaks the protocol of sockets": (socket(b"\xff\xff\xff\xff"), "bad_message"),
    "says its log is shorter": (socket(text(WELCOME)), "log_shorter"),
    "is starting, for ever": (socket(close(1012, "restart: Starting.")), "restart"),
}


def line_to(port: int, *, away_seconds: float = SECONDS) -> Line:
    address = read_address(f"ws://127.0.0.1:{port}/ws/demo", "fm_secret")
    return Line(address, open_seconds=SECONDS, away_seconds=away_seconds)


@pytest.mark.parametrize("name", STRANGE)
async def test_whatever_a_server_does_at_first_is_an_error_within_the_limit(name: str) -> None:
    answer, code = STRANGE[name]
    began = time.monotonic()
    async with answering(answer) as port:
        with pytest.raises(Disconnected) as raised:
            url = f"ws://127.0.0.1:{port}/ws/demo"
            async with connect(url, token="fm_secret", seen=5, open_seconds=SECONDS):
                raise AssertionError("it was opened")
        assert (raised.value.code, bool(raised.value.remedy)) == (code, True)
        assert time.monotonic() - began < SECONDS + 1.0
    assert "fm_secret" not in str(raised.value)


@pytest.mark.parametrize("answer", [silent, http("404 Not Found"), raw(b"")])
async def test_a_first_opening_that_fails_is_tried_once(answer: Answer) -> None:
    tried = list[float]()

    async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tried.append(time.monotonic())
        await answer(reader, writer)

    async with answering(counted) as port:
        await line_to(port).run(nothing)
    assert len(tried) == 1


async def test_what_broke_is_opened_again_until_the_server_says_that_it_is_for_good() -> None:
    opened = list[int]()

    async def restarting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(1)
        await [
            socket(close(1012)), socket(is_cut=True), raw(b""), http("502 Bad Gateway"), http("404 Not Found"),
            socket(close(4404, "not_found: No more.")),
        ][len(opened) - 1](reader, writer)  # fmt: skip

    async with answering(restarting) as port:
        line = line_to(port, away_seconds=20.0)
        why = await line.run(letting_in(line))
    assert (why.code, why.status, len(opened)) == ("not_found", 4404, 6)


async def test_a_server_that_stays_away_is_given_up_in_time() -> None:
    async with answering(socket(is_cut=True)) as port:
        line = line_to(port)
        running = asyncio.create_task(line.run(letting_in(line)))
        await until(lambda: line.has_opened)
    began = time.monotonic()
    why = await running
    assert (why.code, why.retry) == ("unreachable", True)
    assert time.monotonic() - began < SECONDS + 1.0


async def test_without_a_time_away_the_first_break_is_the_end() -> None:
    async with answering(socket(is_cut=True)) as port:
        line = line_to(port, away_seconds=0)
        assert (await line.run(letting_in(line))).code == "lost"


@pytest.mark.parametrize("seconds", [math.nan, -1, 0, math.inf])
def test_a_limit_is_a_number_of_seconds(seconds: float) -> None:
    with pytest.raises(Unusable) as raised:
        Line(read_address("ws://h/ws/demo"), open_seconds=seconds)
    assert raised.value.code == "malformed"


async def test_whoever_ends_the_wait_ends_the_line() -> None:
    async with answering(silent) as port:
        running = asyncio.create_task(line_to(port).run(nothing))
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


async def test_nobody_there_is_no_wait() -> None:
    began = time.monotonic()
    assert (await line_to(free_port()).run(nothing)).code == "unreachable"
    assert time.monotonic() - began < SECONDS


async def nothing(opened: ClientConnection) -> None:
    async for _ in opened:
        pass


def letting_in(line: Line):  # type: ignore[no-untyped-def]
    async def converse(opened: ClientConnection) -> None:
        line.opened()
        await nothing(opened)

    return converse
