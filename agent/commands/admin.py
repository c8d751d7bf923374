"""`folkmoot admin`: the whole server from its database, with no server running or beside one.

The same is told as over HTTP (`workspace.registry.server_views`), but for what only a running server knows. A server on
the database learns within a second of a key that ended here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from agent.commands.records import with_store
from agent.commands.serve import complain
from workspace.clock import SystemClock
from workspace.errors import Refusal
from workspace.intents.model.times import timestamp
from workspace.names import is_actor
from workspace.oversight import ACTS, FIND_POINTS_MAX, KeyLine, WorkspaceLine
from workspace.ports import Store
from workspace.registry.people import People
from workspace.registry.server_views import View, key_view, server_view, workspace_view
from workspace.registry.tallies import measure_further
from workspace.registry.tokens import AccessTokens, entry

# Parts of 20,000 journal rows that one call measures at most, where no server has done it yet.
PARTS_MAX = 100
WORDS_POINTS_MAX = 200
UNKNOWN = "–"
COLUMNS: tuple[str, ...] = (
    "id", "owners", "people", "documents", "records", "log", "journal", "snapshots", "under way", "last activity",
)  # fmt: skip
# Where not all of them fit; of the last activity up to the minute.
NARROW_COLUMNS = ("id", "owners", "documents", "records", "last activity")
MINUTE_POINTS = len("2027-01-31 18:00")
# So much of an id, and of the owners at least, stands in one line where there is little room.
ID_POINTS, OWNERS_POINTS_MIN = 20, 8
STEP = 1024


def show(find: str, raw: bool, database: str | None, data: Path | None) -> int:
    """Print the server and its workspaces."""

    async def work(store: Store) -> int:
        await _measure(store)
        server = await server_view(store, SystemClock().now(), running=None)
        orders = {row.ws: row for row in await store.switches()}
        lines = await _all_lines(store, find)
        rows = [workspace_view(line, order=orders.get(line.id), room=None) for line in lines]
        if raw:
            print(json.dumps({"server": server, "workspaces": rows}, ensure_ascii=False, indent=2))
            return 0
        console = Console(highlight=False, soft_wrap=True)
        for line in server_lines(server):
            console.print(line, markup=False)
        _print_workspaces(console, rows)
        return 0

    return _bounded(find) or with_store(database, data, work)


def sessions(find: str, raw: bool, database: str | None, data: Path | None) -> int:
    """Print every key that counts, the newest first."""

    async def work(store: Store) -> int:
        rows = [key_view(line, seen=line.row, own="") for line in await _all_keys(store, find)]
        if raw:
            print(json.dumps(rows, ensure_ascii=False, indent=2))
            return 0
        table = Table("id", "who", "where", "what", "made", "last used", "ends", title="Tokens and sessions")
        for row in rows:
            table.add_row(*key_cells(row))
        Console(highlight=False, soft_wrap=True, markup=False).print(table)
        return 0

    return _bounded(find) or with_store(database, data, work)


def end(key: str, actor: str, database: str | None, data: Path | None) -> int:
    """End any key."""
    if not is_actor(actor):
        return complain("--actor is a name of 1 to 64 printable characters.")

    async def work(store: Store) -> int:
        clock = SystemClock()
        ended = await People(store, clock, AccessTokens(store, clock), _tell_nobody).end_any(key, by=actor)
        if isinstance(ended, Refusal):
            return complain(f"{ended.reason} {ended.remedy}".rstrip() + " See `folkmoot admin sessions`.")
        print(f"{key} has ended; a server on this database obeys within a second.")
        return 0

    return with_store(database, data, work)


def token(actor: str, expires: str | None, database: str | None, data: Path | None) -> int:
    """Print a fresh owner's token of the whole server."""
    if not is_actor(actor):
        return complain("--actor is a name of 1 to 64 printable characters.")
    try:
        until = datetime.fromisoformat(expires).astimezone(UTC).timestamp() if expires else None
    except ValueError:
        return complain(f"--expires {expires!r} is not a date like 2027-01-31T18:00.")

    async def work(store: Store) -> int:
        tokens = AccessTokens(store, SystemClock())
        print(await tokens.make(None, actor=actor, role="owner", expires=until, by="operator"))
        return 0

    return with_store(database, data, work)


def noted(act: str, words: str, actor: str, database: str | None, data: Path | None) -> int:
    """Write down that something was made of the whole server."""
    if act not in ACTS:
        return complain(f"{act!r} is none of {', '.join(ACTS)}.")
    if not is_actor(actor):
        return complain("--actor is a name of 1 to 64 printable characters.")
    if len(words) > WORDS_POINTS_MAX or not (words + "x").isprintable():
        return complain(f"WORDS is one line of at most {WORDS_POINTS_MAX} printable characters.")

    async def work(store: Store) -> int:
        await store.write_people((entry(SystemClock(), "", actor, act, "", words),))
        print(f"It is written down: the last {act} was made now.")
        return 0

    return with_store(database, data, work)


# ------------------------------------------------------------ what is asked


async def _measure(store: Store) -> None:
    """Measure what no server has measured yet: after an upgrade, or of workspaces made by a command line."""
    for _ in range(PARTS_MAX):
        names = await store.unmeasured(1)
        if not names:
            return
        await measure_further(store, SystemClock(), names)


async def _all_lines(store: Store, find: str) -> list[WorkspaceLine]:
    found: list[WorkspaceLine] = []
    while page := await store.lines(after=found[-1].id if found else "", find=find, now=SystemClock().now()):
        found += page
    return found


async def _all_keys(store: Store, find: str) -> list[KeyLine]:
    found: list[KeyLine] = []
    last: tuple[str, str] | None = None
    while page := await store.key_lines(before=last, find=find, now=SystemClock().now()):
        found += page
        last = (page[-1].row.created_at, page[-1].row.id)
    return found


async def _tell_nobody(_: str, __: Sequence[str]) -> None:
    """Do nothing: servers look at the database each second."""


def _bounded(find: str) -> int:
    return complain(f"--find has at most {FIND_POINTS_MAX} characters.") if len(find) > FIND_POINTS_MAX else 0


# ------------------------------------------------------------ how it is shown


def server_lines(server: Any) -> list[str]:
    """Return what is told of the server, a line each."""
    database = server["database"]
    lines = [
        f"Folkmoot {server['version']} on {database['kind']}: {size_words(database['bytes'])}, schema"
        f" {database['schema']}, log format {database['log_format']}",
        f"{server['workspaces']} workspaces, {server['keys']} tokens and sessions that count",
    ]
    for act in ACTS:
        said = server[act]
        where = " ".join(part for part in (said["subject"], said["detail"]) if part) if said else ""
        told = f"{said['at']} by {said['by']}{f': {where}' if where else ''}" if said else "none known"
        lines.append(f"Last {act}: {told}")
    if not server["stopped"]:
        lines.append("The agent works.")
    for stop in server["stops"]:
        why = f": {stop['reason']}" if stop["reason"] else "."
        lines.append(f"The agent is stopped on the whole server by {stop['by']} since {stop['since']}{why}")
    return lines


def _print_workspaces(console: Console, rows: Sequence[View]) -> None:
    if not rows:
        console.print("No workspace.")
        return
    table = workspaces_table(rows, width=console.width)
    console.print(table, markup=False)
    if len(table.columns) < len(COLUMNS):
        console.print("A wider terminal shows more of each, and --json all.", markup=False)
    for row in rows:
        for line in remarks(row):
            console.print(line, markup=False)


def workspaces_table(rows: Sequence[View], *, width: int) -> Table:
    """Return the table of workspaces: all columns where they fit into `width`, else those that say most.

    What is too long for its place goes on in the next line, and nothing is cut off.
    """
    cells = [dict(zip(COLUMNS, workspace_cells(row), strict=True)) for row in rows]
    names, longest = COLUMNS, _longest(cells)
    if _table_points(longest[name] for name in COLUMNS) > width:
        names = NARROW_COLUMNS
        for row in cells:
            row["last activity"] = row["last activity"].replace("T", " ")[:MINUTE_POINTS]
        longest = _longest(cells)
        longest["id"] = min(longest["id"], ID_POINTS)
        others = _table_points(longest[name] if name != "owners" else 0 for name in names)
        longest["owners"] = max(min(longest["owners"], width - others), OWNERS_POINTS_MIN)
    table = Table(title="Workspaces")
    for name in names:
        table.add_column(name, overflow="fold", width=longest[name])
    for row in cells:
        table.add_row(*(row[name] for name in names))
    return table


def _longest(rows: Sequence[dict[str, str]]) -> dict[str, int]:
    return {name: max(len(text) for text in (name, *(row[name] for row in rows))) for name in COLUMNS}


def _table_points(widths: Iterable[int]) -> int:
    """Return how wide a table is: each cell has a border and two spaces, and the last has another border."""
    return sum(width + 3 for width in widths) + 1


def workspace_cells(row: Any) -> list[str]:
    """Return the cells of a workspace; what nobody has said is a dash."""
    documents, sizes = row["documents"], row["bytes"]
    away = documents["archived"] + documents["deleted"] if documents else 0
    return [
        row["id"],
        ", ".join(row["owners"]) + (", …" if row["more_owners"] else "") or UNKNOWN,
        str(row["members"]),
        f"{documents['living']}{f' (+{away} put away)' if away else ''}" if documents else UNKNOWN,
        str(row["records"]),
        *(size_words(sizes[part]) if sizes else UNKNOWN for part in ("log", "journal", "snapshots")),
        str(row["live"]) if row["live"] is not None else UNKNOWN,
        row["active"],
    ]


def remarks(row: Any) -> list[str]:
    """Return what somebody should know of a workspace beside its numbers."""
    found = []
    for stop in row["stops"]:
        found.append(f"{row['id']}: the agent is stopped by {stop['by']} since {stop['since']}: {stop['reason']}")
    if row["order"] is not None:
        what = "stop" if row["order"]["on"] else "go on"
        found.append(f"{row['id']}: the agent is to {what} by {row['order']['by']}, as soon as it is opened.")
    for name, reason in row["quarantined"].items():
        found.append(f"{row['id']}: the document {name} was put aside, it cannot be read: {reason}")
    if (row["aside"] or 0) > len(row["quarantined"]):
        found.append(f"{row['id']}: {row['aside'] - len(row['quarantined'])} more documents were put aside.")
    if not row["measured"]:
        found.append(f"{row['id']}: not all of it is measured yet.")
    return found


def key_cells(row: Any) -> list[str]:
    """Return the cells of a token or session."""
    if row["kind"] == "session":
        where = row["ws"] if row["workspaces"] == 1 else f"{row['workspaces']} workspaces"
        what = "session"
    else:
        where = row["ws"] or "the whole server"
        what = f"token, {row['role']}{', only reads' if row['scope'] == 'read' else ''}"
    label = f", {row['label']}" if row["label"] else ""
    used = f"{row['used']} from {row['from'] or 'somewhere'}" if row["used"] else "never"
    ends = timestamp(row["expires"]) if row["expires"] is not None else "never"
    return [row["id"], row["who"], where, what + label, row["created"], used, ends]


def size_words(size: int) -> str:
    """Return a number of bytes as people read it."""
    amount, units = float(size), ["B", "KiB", "MiB", "GiB", "TiB"]
    while amount >= STEP and len(units) > 1:
        amount, units = amount / STEP, units[1:]
    return f"{amount:.0f} {units[0]}" if units[0] == "B" or amount >= 10 else f"{amount:.1f} {units[0]}"
