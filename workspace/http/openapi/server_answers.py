"""What routes about the whole server answer with, as types; see `people_answers`."""

from __future__ import annotations

import msgspec

from workspace.access import Reach


class Halt(msgspec.Struct, frozen=True):
    """A switch that is on: who threw it, when and why. `seq` is the record that says so, in a workspace."""

    scope: str
    by: str
    since: str
    reason: str
    seq: int | msgspec.UnsetType = msgspec.UNSET


class StopsNow(msgspec.Struct, frozen=True):
    """Whether the agent is stopped, and by which switches."""

    stopped: bool
    stops: tuple[Halt, ...]


class Database(msgspec.Struct, frozen=True):
    """The database: which, how large, and in which formats."""

    kind: str
    bytes: int
    schema: int
    log_format: int


class Noted(msgspec.Struct, frozen=True):
    """The last time that something was done to the server from the command line."""

    at: str
    by: str
    subject: str
    detail: str


class ServerNumbers(StopsNow, frozen=True, kw_only=True):
    """The server as a whole; null is what only a running server knows, where none is asked."""

    version: str
    database: Database
    started: str | None
    uptime_s: int | None
    rooms: int | None
    sockets: int | None
    workspaces: int
    keys: int
    backup: Noted | None
    anchor: Noted | None


class Counts(msgspec.Struct, frozen=True):
    """How many documents there are in each state."""

    living: int
    archived: int
    deleted: int


class StoredBytes(msgspec.Struct, frozen=True):
    """How many bytes a workspace takes in the database."""

    log: int
    journal: int
    snapshots: int


class Ordered(msgspec.Struct, frozen=True):
    """A switch that was thrown from the command line, and that no log holds yet."""

    on: bool
    by: str
    since: str
    reason: str


class WorkspaceNumbers(msgspec.Struct, frozen=True):
    """A workspace as who runs the server sees it: numbers, no words of it. Null is what was never counted."""

    id: str
    name: str
    created: str
    active: str
    owners: tuple[str, ...]
    more_owners: bool
    members: int
    records: int
    epoch: int
    open: bool
    sockets: int | None
    documents: Counts | None
    live: int | None
    questions: int | None
    aside: int | None
    quarantined: dict[str, str]
    as_of: int | None
    stops: tuple[Halt, ...]
    order: Ordered | None
    bytes: StoredBytes | None
    measured: bool


class KeyNumbers(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """A token or session as who runs the server sees it, never its secret."""

    id: str
    kind: str
    who: str
    ws: str | None
    workspaces: int | None
    role: str
    scope: Reach
    label: str
    created: str
    used: str
    from_: str
    expires: float | None
    own: bool


class WorkspacePage(msgspec.Struct, frozen=True):
    """A page of workspaces; go on behind `next`, null at the end."""

    rows: tuple[WorkspaceNumbers, ...]
    next: str | None


class KeyPage(msgspec.Struct, frozen=True):
    """A page of keys, the newest first; go on behind `next`, null at the end."""

    rows: tuple[KeyNumbers, ...]
    next: str | None


class WholeServer(msgspec.Struct, frozen=True):
    """The server, with the first page of its workspaces and of the keys that count."""

    server: ServerNumbers
    workspaces: WorkspacePage
    sessions: KeyPage
