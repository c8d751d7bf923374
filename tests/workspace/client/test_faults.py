"""Whatever a client raises has a code for programs, a reason for people and something to do next."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from workspace import errors
from workspace.client.faults import BY_STATUS, ClientError, Disconnected, Overdue, closed_with, is_final, within
from workspace.errors import Close

PROTOCOL = (Path(__file__).parent.parent.parent.parent / "docs" / "protocol.md").read_text()
CLOSES = [value for value in vars(errors).values() if isinstance(value, Close)]


@pytest.mark.parametrize("close", CLOSES, ids=lambda close: f"{close.status} {close.code}")
def test_what_a_server_says_as_it_closes_is_the_code_and_the_reason(close: Close) -> None:
    error = closed_with(close.status, f"{close.code}: {close.reason}")
    assert (error.code, error.reason, error.status) == (close.code, close.reason, close.status)
    assert error.remedy
    assert error.retry != is_final(close.status)


def test_every_close_code_of_the_protocol_is_known_to_be_final_or_not() -> None:
    table = PROTOCOL[PROTOCOL.index("| close code | when |") :].split("\n\n")[0]
    statuses = [int(status) for status in re.findall(r"^\| `(\d+)` \|", table, re.M)]
    assert {status for status in statuses if is_final(status)} == {
        status for status in statuses if 4400 <= status < 4500 or status in (1008, 1009)
    }
    assert all(status in BY_STATUS for status in statuses if status < 4000 and status != 1011)


@pytest.mark.parametrize("reason", ["", "no colon", ": x", "Shouting: x", "a b: x"])
def test_words_that_name_no_code_are_named_by_the_status(reason: str) -> None:
    assert closed_with(1012, reason).code == "restart"
    assert closed_with(3999, reason).code == "closed"


async def test_a_limit_names_what_did_not_come_and_is_no_other_timeout() -> None:
    with pytest.raises(Overdue) as raised:
        async with within(0.0, "Rain"):
            await asyncio.Event().wait()
    assert raised.value.reason.startswith("Rain did not come within 0 s")
    with pytest.raises(TimeoutError) as other:
        async with within(60.0, "Rain"):
            raise TimeoutError("another's")
    assert not isinstance(other.value, ClientError)


def test_an_error_shows_all_three() -> None:
    error = Disconnected("unauthenticated", "No.", status=4401)
    assert str(error) == f"unauthenticated: No. {error.remedy}"
