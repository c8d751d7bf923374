"""`folkmoot people`: who is in a workspace, what they are and hold; also beside a running server.

A server on the database learns within a second of what is changed here: what goes on under a key that ended is over
then. There is nothing to undo for the last owner: who runs the server makes another one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from agent.commands.records import must_exist, with_store
from agent.commands.refusals import refused
from agent.commands.serve import complain
from workspace.access import ROLES, AccessRow, TokenRow, counts, is_given
from workspace.clock import SystemClock
from workspace.errors import Refusal
from workspace.intents.model.times import timestamp
from workspace.names import is_actor
from workspace.ports import Store
from workspace.registry.invitations import Invitations
from workspace.registry.people import NO_MEMBER, People
from workspace.registry.tokens import AccessTokens

DAY_SECONDS = 86_400.0
PeopleTask = Callable[[Store, People], Awaitable[int]]


def with_people(ws: str, actor: str, database: str | None, data: Path | None, work: PeopleTask) -> int:
    """Run something on the people of a workspace of the database that the options name; `actor` is who does it."""
    if not is_actor(actor):
        return complain("--actor is a name of 1 to 64 printable characters.")

    async def run(store: Store) -> int:
        if ws:
            await must_exist(store, ws)
        clock = SystemClock()
        return await work(store, People(store, clock, AccessTokens(store, clock), _tell_nobody))

    return with_store(database, data, run)


def listed(ws: str, database: str | None, data: Path | None) -> int:
    """Print the members of a workspace: name, role, since when."""

    async def work(store: Store, people: People) -> int:
        roles = await people.roles(ws)
        for row in await store.members(ws):
            if row.actor in roles:
                print(f"{row.actor}  {roles[row.actor]}  since {row.created_at}")
        return 0

    return with_people(ws, "operator", database, data, work)


def role(ws: str, name: str, role: str, actor: str, database: str | None, data: Path | None) -> int:
    """Make a member something else."""
    if not is_given(role):
        return complain(f"the role {role!r} is none of {', '.join(ROLES)}.")
    given = role

    async def work(_: Store, people: People) -> int:
        return _told(await people.set_role(ws, name, given, by=actor), ws, f"{name} is {given} in {ws} now.")

    return with_people(ws, actor, database, data, work)


def sessions(ws: str, name: str, database: str | None, data: Path | None) -> int:
    """Print the tokens and sessions of a member, or of all: id, what it is, since when, last used."""

    async def work(store: Store, people: People) -> int:
        now = SystemClock().now()
        members = {row.person: row.actor for row in await store.members(ws) if not row.gone}
        lines = []
        for row in await store.tokens(ws):
            whose = row.actor if row.person is None else members.get(row.person, "")
            if counts(row, now) and name in ("", whose):
                lines.append(_line(row, whose))
        if name and not lines and name not in await people.roles(ws):
            return refused(NO_MEMBER, ws)
        for line in lines or [f"{name} has no token or session that counts in {ws}."] * bool(name):
            print(line)
        return 0

    return with_people(ws, "operator", database, data, work)


def end(ws: str, name: str, key: str, actor: str, database: str | None, data: Path | None) -> int:
    """End one key of a member, or the membership with all of them."""

    async def work(store: Store, people: People) -> int:
        if not key:
            return _told(await people.remove(ws, name, by=actor), ws, f"{name} is no member of {ws} any more.")
        member = await people.member(ws, name)
        rows = [row for row in await store.tokens(ws) if row.id == key]
        theirs = [row for row in rows if row.actor == name or (member is not None and row.person == member.person)]
        if not theirs:
            reason = f"{name} has no token or session {key} in {ws}."
            return complain(f"{reason} `folkmoot people sessions {ws}` lists them.")
        await people.end(ws, [key], by=actor, subject=name)
        print(f"{key} of {name} has ended.")
        return 0

    return with_people(ws, actor, database, data, work)


def rotate(ws: str, name: str, actor: str, database: str | None, data: Path | None) -> int:
    """Print a new token for a member whose link is lost; all they had in the workspace end."""

    async def work(_: Store, people: People) -> int:
        made = await people.new_link(ws, name, expires=None, by=actor)
        if isinstance(made, Refusal):
            return refused(made, ws)
        print(made[0])
        return 0

    return with_people(ws, actor, database, data, work)


def invite(ws: str, role: str, uses: int, days: float, actor: str, database: str | None, data: Path | None) -> int:
    """Print the end of a link that lets somebody in."""
    if not is_given(role):
        return complain(f"--role {role!r} is none of {', '.join(ROLES)}.")
    given = role

    async def work(store: Store, _: People) -> int:
        end = SystemClock().now() + days * DAY_SECONDS
        made = await _invitations(store).invite(ws, role=given, uses=uses, expires=end, by=actor)
        if isinstance(made, Refusal):
            return refused(made, ws)
        print(f"/w/{ws}#invitation={made[0]}")
        return 0

    return with_people(ws, actor, database, data, work)


def invitations(ws: str, database: str | None, data: Path | None) -> int:
    """Print the invitations that are open."""

    async def work(store: Store, _: People) -> int:
        for row in await _invitations(store).open(ws):
            left = f"{row.uses - row.used} of {row.uses} left"
            print(f"{row.id}  {row.role}  {left}, by {row.by}, until {timestamp(row.expires)}")
        return 0

    return with_people(ws, "operator", database, data, work)


def revoke(ws: str, invitation: str, actor: str, database: str | None, data: Path | None) -> int:
    """Take an invitation back."""

    async def work(store: Store, _: People) -> int:
        refusal = await _invitations(store).take_back(ws, invitation, by=actor)
        return _told(refusal, ws, f"{invitation} lets nobody into {ws} any more.")

    return with_people(ws, actor, database, data, work)


def access(ws: str, limit: int, database: str | None, data: Path | None) -> int:
    """Print the record of access to a workspace, or of the whole server; the newest last."""

    async def work(store: Store, _: People) -> int:
        for row in reversed(await store.accesses(ws or None, limit=limit)):
            print(_entry(row))
        return 0

    return with_people(ws, "operator", database, data, work)


async def _tell_nobody(_: str, __: Sequence[str]) -> None:
    """Do nothing: servers look at the database each second."""


def _invitations(store: Store) -> Invitations:
    clock = SystemClock()
    return Invitations(store, clock, AccessTokens(store, clock), _tell_nobody)


def _told(refusal: Refusal | None, ws: str, done: str) -> int:
    if refusal is not None:
        return refused(refusal, ws)
    print(done)
    return 0


def _line(row: TokenRow, whose: str) -> str:
    kind = "session" if row.person is not None else f"token ({row.role}, {row.scope})"
    used = f", last used {row.used_at} from {row.used_from or 'somewhere'}" if row.used_at else ""
    label = f", {row.label}" if row.label else ""
    return f"{row.id}  {whose or 'the whole server'}  {kind}{label}, since {row.created_at}{used}"


def _entry(row: AccessRow) -> str:
    detail = f": {row.detail}" if row.detail else ""
    return f"{row.at}  {row.place or 'server'}  {row.by or 'server'}  {row.act}  {row.subject}{detail}"
