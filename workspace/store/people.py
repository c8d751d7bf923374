"""People, memberships, keys and invitations on tables: the same on every database that has them.

What must be so together (a use of an invitation, the name, the session that comes of it) is one script.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from workspace.access import AccessRow, InvitationRow, LoginRow, MemberRow, PersonRow, TokenRow
from workspace.errors import InvitationSpent, KeyEnded
from workspace.ports import Joining, PeopleRow
from workspace.store import statements
from workspace.store.checks import refuse_taken
from workspace.store.scripts import Ask, Each, Script, ask

T = TypeVar("T")
PUT: dict[type, str] = {
    PersonRow: statements.PUT_PERSON,
    MemberRow: statements.PUT_MEMBER,
    TokenRow: statements.PUT_TOKEN,
    LoginRow: statements.PUT_LOGIN,
    InvitationRow: statements.PUT_INVITATION,
    AccessRow: statements.PUT_ACCESS,
}


class PeopleTables:
    """The people's part of `workspace.ports.Store`; a subclass runs scripts."""

    async def _reading(self, script: Script[T], *, is_one_moment: bool = False) -> T:
        """Run a script that only reads. Raises `StoreFault`."""
        raise NotImplementedError

    async def _writing(self, script: Script[T], *, is_single: bool = False) -> T:
        """Run a script in one transaction; `is_single`: it writes with one statement."""
        raise NotImplementedError

    # ------------------------------------------------------------ keys

    async def put_token(
        self, row: TokenRow, *, noted: AccessRow | None = None, ends: Sequence[str] = (), instead_of: str = ""
    ) -> None:
        """Remember a token, with a member and a person of its own where its name has none; revoke others.

        Raises `KeyEnded` where the one that it is `instead_of` counts no more.
        """
        await self._writing(_put_token(row, noted, ends, instead_of))

    async def token(self, id: str) -> TokenRow | None:
        """Return one key, revoked or not."""
        rows = await self._reading(ask(statements.SELECT_TOKEN, id))
        return token_of(*rows[0]) if rows else None

    async def tokens(self, ws: str) -> list[TokenRow]:
        """Return the keys that count in one workspace, those of the whole server and its members' among them."""
        return [token_of(*row) for row in await self._reading(ask(statements.SELECT_TOKENS, ws))]

    async def sessions(self, person: str) -> list[TokenRow]:
        """Return the sessions of a person that were not ended, the oldest first."""
        return [token_of(*row) for row in await self._reading(ask(statements.SELECT_SESSIONS, person))]

    async def token_mark(self) -> str:
        """Return a text that is another one once any key was made, revoked, given another end, or a member changed."""
        (row,) = await self._reading(ask(statements.TOKEN_MARK))
        return " ".join(map(str, row))

    async def revoke(
        self, ws: str, *, actor: str | None = None, token_id: str | None = None, noted: AccessRow | None = None
    ) -> list[str]:
        """Revoke tokens of a workspace by actor or id; return the ids revoked now."""
        return await self._writing(_revoke(ws, actor, token_id, noted))

    async def count_tokens(self) -> int:
        """Return how many keys were ever made."""
        return int((await self._reading(ask(statements.COUNT_TOKENS)))[0][0])

    async def see(self, seen: Mapping[str, tuple[str, str]]) -> None:
        """Note when, and from where, keys were used last."""
        await self._writing(_each(statements.UPDATE_SEEN, [(id, *when) for id, when in seen.items()]))

    # ------------------------------------------------------------ people

    async def write_people(self, rows: Sequence[PeopleRow], *, ends: Sequence[str] = ()) -> None:
        """Put rows and revoke keys, all or nothing."""
        await self._writing(_write(rows, ends))

    async def change_member(self, ws: str, actor: str, role: str | None, noted: AccessRow) -> list[str]:
        """Give a member another role, or none; return the ids of their tokens there."""
        return await self._writing(_change_member(ws, actor, role, noted))

    async def join(self, joining: Joining) -> MemberRow:
        """Take up an invitation. Raises `InvitationSpent`, `NameTaken`."""
        return await self._writing(_join(joining))

    async def end_invitation(self, id: str, noted: AccessRow) -> None:
        """Take an invitation back."""
        await self._writing(_end_invitation(id, noted))

    async def members(self, ws: str) -> list[MemberRow]:
        """Return the members of a workspace by name."""
        return [_member(*row) for row in await self._reading(ask(statements.SELECT_MEMBERS, ws))]

    async def memberships(self, person: str) -> list[MemberRow]:
        """Return where a person is, or was, a member."""
        return [_member(*row) for row in await self._reading(ask(statements.SELECT_MEMBERSHIPS, person))]

    async def person(self, id: str) -> PersonRow | None:
        """Return one person."""
        rows = await self._reading(ask(statements.SELECT_PERSON, id))
        return PersonRow(*rows[0]) if rows else None

    async def persons(self, ws: str) -> list[PersonRow]:
        """Return the people who are, or were, members of a workspace."""
        return [PersonRow(*row) for row in await self._reading(ask(statements.SELECT_PERSONS, ws))]

    async def logins(self, *, person: str = "", issuer: str = "", subject: str = "") -> list[LoginRow]:
        """Return the ways in which a person signs in, or the one that an issuer and a subject name."""
        return [LoginRow(*row) for row in await self._reading(ask(statements.SELECT_LOGINS, person, issuer, subject))]

    async def invitations(self, ws: str = "", id: str = "") -> list[InvitationRow]:
        """Return the invitations to a workspace, or the one of an id."""
        return [_invitation(*row) for row in await self._reading(ask(statements.SELECT_INVITATIONS, ws, id))]

    async def accesses(self, place: str | None, *, limit: int = 500, before: str = "") -> list[AccessRow]:
        """Return the newest entries of the record of access, or of those before one; none before no entry."""
        asked = ask(statements.SELECT_ACCESSES, place, limit, before)
        return [AccessRow(*row) for row in await self._reading(asked)]


def _put_token(row: TokenRow, noted: AccessRow | None, ends: Sequence[str], instead_of: str) -> Script[None]:
    if instead_of:
        ended = yield Ask(statements.REVOKE, (row.ws, None, instead_of))
        if not ended:
            raise KeyEnded("the token that was to be exchanged has ended")
    yield Ask(statements.INSERT_TOKEN, msgspec.structs.astuple(row))
    yield from _write(() if noted is None else (noted,), ends)
    if row.ws is not None:
        person = PersonRow(row.id, row.actor, "", row.created_at)
        member = MemberRow(row.ws, row.actor, person.id, "", gone=False, changes=0, created_at=row.created_at)
        yield Ask(statements.INSERT_PERSON, msgspec.structs.astuple(person))
        yield Ask(statements.BRING_MEMBER, msgspec.structs.astuple(member))
        yield Ask(statements.DELETE_UNUSED_PERSON, (person.id,))


def _write(rows: Sequence[PeopleRow], ends: Sequence[str]) -> Script[None]:
    for row in rows:
        yield Ask(PUT[type(row)], msgspec.structs.astuple(row))
    yield Each(statements.END_KEY, [(id,) for id in ends])


def _revoke(ws: str, actor: str | None, token_id: str | None, noted: AccessRow | None) -> Script[list[str]]:
    found = yield Ask(statements.REVOKE, (ws, actor, token_id))
    if found and noted is not None:
        yield from _write((noted,), ())
    return [row[0] for row in found]


def _end_invitation(id: str, noted: AccessRow) -> Script[None]:
    yield Ask(statements.END_INVITATION, (id,))
    yield from _write((noted,), ())


def _each(statement: str, values: list[tuple[object, ...]]) -> Script[None]:
    yield Each(statement, values)


def _change_member(ws: str, actor: str, role: str | None, noted: AccessRow) -> Script[list[str]]:
    yield from _write((noted,), ())
    if role is None:
        yield Ask(statements.UPDATE_MEMBER_GONE, (ws, actor))
        found = yield Ask(statements.REVOKE, (ws, actor, None))
    else:
        yield Ask(statements.UPDATE_MEMBER_ROLE, (ws, actor, role))
        found = yield Ask(statements.UPDATE_TOKEN_ROLE, (ws, actor, role))
    return [row[0] for row in found]


def _join(joining: Joining) -> Script[MemberRow]:
    member = joining.member
    # Of two who come at once, here or at another server, the second waits until the first has its name.
    yield Ask(statements.LOCK_EPOCH, (member.ws,))
    taken = yield Ask(statements.USE_INVITATION, (joining.invitation, joining.now))
    if not taken or taken[0][0] != member.ws:
        raise InvitationSpent("this invitation is used up, over, or was taken back")
    others = [_member(*row) for row in (yield Ask(statements.SELECT_MEMBERS, (member.ws,)))]
    refuse_taken(member, others)
    yield from _write((member, *joining.rows), ())
    return member


def token_of(*row: Any) -> TokenRow:
    """Return a key from its columns, in the order of `statements.TOKEN`."""
    # SQLite has no booleans: they come back as 0 and 1.
    id, ws, actor, role, secret_hash, expires, revoked, *rest = row
    return TokenRow(id, ws, actor, role, secret_hash, expires, bool(revoked), *rest)


def _member(*row: Any) -> MemberRow:
    ws, actor, person, role, gone, *rest = row
    return MemberRow(ws, actor, person, role, bool(gone), *rest)


def _invitation(*row: Any) -> InvitationRow:
    id, ws, role, secret_hash, uses, used, expires, revoked, *rest = row
    return InvitationRow(id, ws, role, secret_hash, uses, used, expires, bool(revoked), *rest)
