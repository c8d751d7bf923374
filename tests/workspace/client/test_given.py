"""Whatever a program hands to the client and nobody could send is `Unusable`, and nothing of it is sent."""

from __future__ import annotations

import math
from typing import Any

import pytest

from agent.builtin.planner import BuiltinPlanner
from tests.support.server import running_server
from workspace.client import RoomClient, Unusable, connect, connect_document, connect_sync
from workspace.client.faults import within
from workspace.client.given import check_json, is_text

HALF = "\ud83d"
LINK = "ws://127.0.0.1:1/ws/demo"


def told(raised: pytest.ExceptionInfo[Unusable], *codes: str) -> None:
    assert raised.value.code in codes, raised.value
    assert raised.value.reason
    assert raised.value.remedy


@pytest.mark.parametrize("link", [None, "", 5, b"ws://h/ws/demo", HALF, f"http://h/w/{HALF}", ["ws://h/ws/demo"]])
async def test_what_is_no_link_says_so(link: Any) -> None:
    with pytest.raises(Unusable) as raised:
        async with connect(link):
            raise AssertionError("it was opened")
    told(raised, "bad_address")
    with pytest.raises(Unusable) as raised, connect_sync(link):
        raise AssertionError("it was opened")
    told(raised, "bad_address")


@pytest.mark.parametrize(
    "more",
    [
        *({"token": 5}, {"token": HALF}, {"origin": HALF}, {"origin": "a\r\nb: c"}, {"origin": 5}, {"origin": ""}),
        *({"seen": None}, {"seen": "1"}, {"seen": -1}, {"open_seconds": None}, {"open_seconds": "9"}),
        *({"open_seconds": math.nan}, {"away_seconds": None}, {"away_seconds": -1}, {"away_seconds": 10**400}),
    ],
)
async def test_what_cannot_be_sent_with_a_link_says_so(more: dict[str, Any]) -> None:
    with pytest.raises(Unusable) as raised:
        RoomClient(LINK, **more)
    told(raised, "malformed", "bad_address")


@pytest.mark.parametrize("doc", [None, "", 5, HALF, "x" * 801])
async def test_what_is_no_name_of_a_document_says_so(doc: Any) -> None:
    with pytest.raises(Unusable) as raised:
        async with connect_document(LINK, doc):
            raise AssertionError("it was opened")
    told(raised, "bad_name")
    with pytest.raises(Unusable) as raised:
        async with connect_document(LINK, "plan", kind="picture"):  # type: ignore[arg-type]
            raise AssertionError("it was opened")
    told(raised, "malformed")


async def test_an_instruction_that_nobody_could_read_takes_no_number_and_the_next_one_is_done() -> None:
    async with running_server(planner=BuiltinPlanner()) as server:
        async with connect(f"{server.ws_url}/ws/demo", token=await server.token("ana")) as room:
            given: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
                *(((text,), {}) for text in (None, 5, HALF, b"x", "x" * (17 << 20))),
                *((("x",), {"seen": seen}) for seen in (-1, "1", 2**53, 1.5)),
                *((("x",), {"refs": refs}) for refs in (5, "i1", [None], [HALF], ["x" * 201])),
                *((("x",), {"doc": doc}) for doc in (5, HALF)),
                *((("x",), {"doc": "budget", "keys": keys}) for keys in (5, [5], "ab", [[None]])),
                *((("x",), {"kind": kind}) for kind in (None, "sing", HALF)),
                *((("x",), {"value": value}) for value in (5, HALF)),
                *((("x",), {"seconds": seconds}) for seconds in (None, "9", math.nan)),
            ]
            for args, more in given:
                with pytest.raises(Unusable) as raised:
                    await room.intent(*args, **more)
                    raise AssertionError(f"{args!r:.40} {more} was sent")
                told(raised, "malformed", "too_large")
            for act in (room.answer, room.override, room.steer):
                with pytest.raises(Unusable):
                    await act(None, HALF)  # type: ignore[arg-type]
            for ids in (None, 5, "i1", [], [None], [HALF], ["i1"] * 501):
                with pytest.raises(Unusable) as raised:
                    await room.acknowledge(ids)  # type: ignore[arg-type]
                told(raised, "malformed")
            for number in (None, -1, "1", 2**53):
                with pytest.raises(Unusable):
                    await anext(room.log(number))  # type: ignore[arg-type]
                with pytest.raises(Unusable):
                    await room.caught_up(number)  # type: ignore[arg-type]
            assert room.n == 0, "no number was taken"
            done = await room.intent("set budget.n to 1")
            assert (await done.verdict())["intent"] == done.id


async def test_an_edit_that_cannot_be_made_leaves_the_document_as_it_was_and_the_next_one_is_saved() -> None:
    async with running_server() as server:
        url, token = f"{server.ws_url}/ws/demo", await server.token("ana")
        async with connect_document(url, "plan", token=token) as plan:
            for point, text in ((-1, "x"), (1, "x"), (2**80, "x"), (None, "x"), (0, None), (0, HALF), (0, 5)):
                with pytest.raises(Unusable) as raised:
                    await plan.insert(point, text)  # type: ignore[arg-type]
                told(raised, "malformed", "offset_outside")
            for start, end in ((-1, 0), (0, 1), (None, 0), (0, "1")):
                with pytest.raises(Unusable):
                    await plan.delete(start, end)  # type: ignore[arg-type]
            with pytest.raises(Unusable):
                await plan.set(("a",), 1)
            assert (plan.text(), plan.is_saved) == ("", True)
            await plan.insert(0, "x")
            await plan.saved()
        async with connect_document(url, "budget", token=token, kind="data") as budget:
            wrong: list[tuple[Any, Any]] = [
                *((path, 1) for path in (None, "ab", (), (None,), (HALF,), (-1,), (0,), ("a", 0), ("a", "b", 0, "c"))),
                *((("a", "b"), value) for value in (HALF, {HALF: 1}, {1: 2}, b"x", {1}, math.nan, object())),
            ]
            for path, value in wrong:
                with pytest.raises(Unusable) as raised:
                    await budget.set(path, value)
                told(raised, "malformed", "path_missing", "wrong_kind")
            assert (budget.value(), budget.is_saved) == ({}, True), "no object was made on the way"
            await budget.set(("a", "b"), [1, None])
            await budget.saved()


async def test_what_is_no_time_to_wait_says_so_and_text_is_whole() -> None:
    for seconds in (None, "1", math.nan, 10**400):
        with pytest.raises(Unusable):
            async with within(seconds, "It"):  # type: ignore[arg-type]
                raise AssertionError("it was waited for")
    assert is_text("😀")
    check_json({"a": [1, 2.5, None, True, ("x",)]})
