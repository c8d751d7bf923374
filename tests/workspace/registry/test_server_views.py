"""What is told of a server, of a workspace and of a key: of what is known, and null for what nobody has said."""

from __future__ import annotations

from workspace.access import AccessRow, TokenRow
from workspace.intents.model.stop import Stop
from workspace.oversight import Facts, KeyLine, Sizes, Tally, WorkspaceLine
from workspace.ports import SERVER, SwitchRow
from workspace.registry.server_views import OpenRoom, ServerNow, key_view, server_view, switch_view, workspace_view
from workspace.store.memory import MemoryStore

FACTS = Facts(
    9, 3, 1, 2, 4, 1, 1, {"plan": "lost"}, (Stop("server", "Op", "1", "", 7), Stop("workspace", "a", "2", "x", 8))
)
LINE = WorkspaceLine("w", "As made", "1", 3, 9, 9, "5", 2, ("a", "b", "c", "d", "e", "f"))
TOKEN = TokenRow("0123456789ab", "w", "ana", "owner", "h", 5.5, False, "1", label="the wall")


async def test_a_command_line_knows_nothing_of_who_is_connected() -> None:
    store = MemoryStore()
    found = await server_view(store, 100.0, running=None)
    assert {found[name] for name in ("started", "uptime_s", "rooms", "sockets", "backup", "anchor")} == {None}
    await store.write_people([AccessRow("1", "", "2026", "cron", "backup", "", "pg_dump")])
    found = await server_view(store, 100.4, running=ServerNow(90.0, 2, 7))
    assert (found["started"], found["uptime_s"]) == ("1970-01-01T00:01:30.000Z", 10)
    assert (found["rooms"], found["sockets"]) == (2, 7)
    assert found["backup"] == {"at": "2026", "by": "cron", "subject": "", "detail": "pg_dump"}
    assert found["anchor"] is None
    assert (await server_view(store, 80.0, running=ServerNow(90.0, 0, 0)))["uptime_s"] == 0, "a clock was set back"


def test_a_switch_that_is_off_stops_nothing() -> None:
    off = {"stopped": False, "stops": []}
    assert switch_view(None) == switch_view(SwitchRow(SERVER, False, "Op", "1")) == off
    assert switch_view(SwitchRow(SERVER, True, "Op", "1", "x")) == {
        "stopped": True,
        "stops": [{"scope": "server", "by": "Op", "since": "1", "reason": "x"}],
    }


def test_a_workspace_of_which_nobody_has_said_anything_has_nulls_and_no_noughts() -> None:
    found = workspace_view(LINE, order=None, room=None)
    assert {found[name] for name in ("live", "questions", "aside", "as_of", "sockets")} == {None}
    assert (found["documents"], found["bytes"], found["measured"], found["open"]) == (None, None, False, False)
    assert (found["name"], found["owners"], found["more_owners"]) == ("As made", ["a", "b", "c", "d", "e"], True)


def test_a_closed_workspace_is_as_its_tally_says_and_an_open_one_as_it_is() -> None:
    line = WorkspaceLine(
        "w", "As made", "1", 3, 9, 9, "5", 2, (), Tally("w", "Today", "4", Sizes(9, 9, 3, 2, 1), FACTS)
    )
    closed = workspace_view(line, order=SwitchRow("w", False, "Op", "6"), room=None)
    assert (closed["name"], closed["live"], closed["as_of"], closed["measured"]) == ("Today", 4, 9, True)
    assert closed["bytes"] == {"log": 3, "journal": 2, "snapshots": 1}
    assert closed["quarantined"] == {"plan": "lost"}
    assert [stop["by"] for stop in closed["stops"]] == ["a"], "the server's own stands with the server"  # type: ignore[index,union-attr,call-overload]
    assert closed["order"] == {"on": False, "by": "Op", "since": "6", "reason": ""}
    opened = workspace_view(line, order=None, room=OpenRoom(Facts(12, 1, 0, 0, 0, 0), 5, 3))
    assert (opened["open"], opened["sockets"], opened["live"], opened["as_of"]) == (True, 5, 0, 12)
    assert opened["quarantined"] == {}
    deposed = workspace_view(line, order=None, room=OpenRoom(FACTS, 5, 2))
    assert deposed["open"] is False, "another server writes it"


def test_a_session_is_a_persons_and_a_token_a_names() -> None:
    found = key_view(KeyLine(TOKEN), seen=TOKEN, own="0123456789ab")
    assert (found["kind"], found["who"], found["ws"], found["workspaces"], found["own"]) == (
        "token", "ana", "w", 1, True
    )  # fmt: skip
    row = TokenRow("s1", None, "", "", "h", 5.5, False, "1", "p1")
    found = key_view(KeyLine(row, "Zoë", 3, "v"), seen=row, own="")
    assert (found["kind"], found["who"], found["ws"], found["workspaces"]) == ("session", "Zoë", "v", 3)
    found = key_view(KeyLine(row, "Zoë"), seen=row, own="")
    assert (found["ws"], found["workspaces"]) == (None, 0)
    server = TokenRow("op", None, "op", "owner", "h", None, False, "1")
    found = key_view(KeyLine(server), seen=server, own="")
    assert (found["ws"], found["workspaces"]) == (None, None)
    assert "h" not in found.values()
