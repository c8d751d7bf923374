"""Records of the past come from the server again, whole and in order, over as many connections as it takes."""

from __future__ import annotations

import pytest

from agent.builtin.planner import BuiltinPlanner
from tests.support.bad_server import answering, close, socket, text
from tests.support.relay import Relay
from tests.support.server import running_server
from workspace.client import Disconnected, connect, past_log
from workspace.client.past_log import past_records
from workspace.client.room_address import read_address


async def test_they_come_whole_and_in_order_though_the_connection_breaks() -> None:
    async with running_server(planner=BuiltinPlanner()) as server, Relay(server.port) as relay:
        token = await server.token("ana")
        async with connect(f"{server.ws_url}/ws/demo", token=token) as ana:
            for at in range(4):
                await (await ana.intent(f"set budget.k{at} to {at}")).verdict()
            address = read_address(f"ws://127.0.0.1:{relay.port}/ws/demo", token)
            hello = {"lane": ana.lane, "secret": ana.secret}
            seqs = list[int]()
            async for record in past_records(address, hello, after=1, last=ana.seen - 1):
                seqs.append(record["seq"])
                assert record == next(one for one in ana.records if one["seq"] == record["seq"])
                if len(seqs) in (1, 5):
                    relay.cut()
            assert seqs == list(range(2, ana.seen))


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (socket(close(4401, "unauthenticated: No.")), "unauthenticated"),
        (socket(text({"type": "stops"}), is_cut=True), "lost"),
    ],
)
async def test_a_server_that_does_not_give_them_is_given_up(
    answer: object, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past_log, "RETRY_SECONDS", (0.01, 0.01))
    async with answering(answer) as port:  # type: ignore[arg-type]
        address = read_address(f"ws://127.0.0.1:{port}/ws/demo")
        with pytest.raises(Disconnected) as raised:
            async for _ in past_records(address, {}, after=0, last=5):
                raise AssertionError("none came")
    assert raised.value.code == code


async def test_a_server_that_falls_silent_is_overdue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past_log, "RECORD_SECONDS", 0.05)
    async with answering(socket()) as port:
        with pytest.raises(TimeoutError):
            async for _ in past_records(read_address(f"ws://127.0.0.1:{port}/ws/demo"), {}, after=0, last=5):
                raise AssertionError("none came")
