"""People, memberships, keys and invitations in memory: the same contract as on tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from workspace.access import AccessRow, InvitationRow, LoginRow, MemberRow, PersonRow, TokenRow
from workspace.errors import InvitationSpent, KeyEnded
from workspace.ports import Joining, PeopleRow
from workspace.store.checks import refuse_taken

replace = msgspec.structs.replace


class MemoryPeople:
    """The people's part of `workspace.ports.Store`, in dictionaries."""

    def __init__(self) -> None:
        super().__init__()
        self._tokens: dict[str, TokenRow] = {}
        self._persons: dict[str, PersonRow] = {}
        self._members: dict[tuple[str, str], MemberRow] = {}
        self._logins: dict[tuple[str, str], LoginRow] = {}
        self._invitations: dict[str, InvitationRow] = {}
        self._accesses: dict[str, AccessRow] = {}

    def forget_people_of(self, ws: str) -> None:
        """Forget what goes with a workspace."""
        self._tokens = {key: row for key, row in self._tokens.items() if row.ws != ws}
        self._members = {key: row for key, row in self._members.items() if row.ws != ws}
        self._invitations = {key: row for key, row in self._invitations.items() if row.ws != ws}

    async def put_token(
        self, row: TokenRow, *, noted: AccessRow | None = None, ends: Sequence[str] = (), instead_of: str = ""
    ) -> None:
        """Remember a token, with a member and a person of its own where its name has none; revoke others.

        Raises `KeyEnded` where the one that it is `instead_of` counts no more.
        """
        if instead_of and not await self.revoke(row.ws or "", token_id=instead_of):
            raise KeyEnded("the token that was to be exchanged has ended")
        self._tokens[row.id] = row
        await self.write_people(() if noted is None else (noted,), ends=ends)
        if row.ws is None:
            return
        member = self._members.get((row.ws, row.actor))
        if member is None:
            self._persons[row.id] = PersonRow(row.id, row.actor, "", row.created_at)
            self._put(MemberRow(row.ws, row.actor, row.id, "", False, 0, row.created_at))
        elif member.gone:
            self._put(replace(member, gone=False))

    async def token(self, id: str) -> TokenRow | None:
        """Return one key, revoked or not."""
        return self._tokens.get(id)

    async def tokens(self, ws: str) -> list[TokenRow]:
        """Return the keys that count in one workspace, those of the whole server and its members' among them."""
        people = {member.person for member in self._members.values() if member.ws == ws and member.role}
        return [row for row in self._tokens.values() if row.ws == ws or (row.ws is None and _is_for(row, people))]

    async def sessions(self, person: str) -> list[TokenRow]:
        """Return the sessions of a person that were not ended, the oldest first."""
        return [row for row in self._tokens.values() if row.person == person and not row.revoked]

    async def token_mark(self) -> str:
        """Return a text that is another one once any key was made, revoked, given another end, or a member changed."""
        keys = " ".join(f"{row.id}{row.revoked}{row.expires}" for row in self._tokens.values())
        return f"{keys} {len(self._members)} {sum(row.changes for row in self._members.values())}"

    async def revoke(
        self, ws: str, *, actor: str | None = None, token_id: str | None = None, noted: AccessRow | None = None
    ) -> list[str]:
        """Revoke tokens of a workspace by actor or id; return the ids revoked now."""
        held = [row for row in self._tokens.values() if row.ws == ws and not row.revoked]
        hit = [row.id for row in held if row.actor == actor or row.id == token_id]
        await self.write_people(() if noted is None or not hit else (noted,), ends=hit)
        return hit

    async def count_tokens(self) -> int:
        """Return how many keys were ever made."""
        return len(self._tokens)

    async def see(self, seen: Mapping[str, tuple[str, str]]) -> None:
        """Note when, and from where, keys were used last."""
        for id, (at, place) in seen.items():
            if id in self._tokens:
                self._tokens[id] = replace(self._tokens[id], used_at=at, used_from=place)

    async def write_people(self, rows: Sequence[PeopleRow], *, ends: Sequence[str] = ()) -> None:
        """Put rows and revoke keys."""
        for row in rows:
            self._put(row)
        self._end(ends)

    async def change_member(self, ws: str, actor: str, role: str | None, noted: AccessRow) -> list[str]:
        """Give a member another role, or none; return the ids of their tokens there."""
        self._put(noted)
        member = self._members.get((ws, actor))
        if member is not None and not member.gone:
            self._put(replace(member, role=(role or "") if member.role else "", gone=role is None))
        if role is None:
            return await self.revoke(ws, actor=actor)
        theirs = [row for row in self._tokens.values() if (row.ws, row.actor, row.revoked) == (ws, actor, False)]
        for row in theirs:
            self._tokens[row.id] = replace(row, role=role)
        return [row.id for row in theirs]

    async def join(self, joining: Joining) -> MemberRow:
        """Take up an invitation. Raises `InvitationSpent`, `NameTaken`."""
        member, offer = joining.member, self._invitations.get(joining.invitation)
        is_open = offer is not None and not offer.revoked and offer.used < offer.uses and offer.expires > joining.now
        if offer is None or not is_open or offer.ws != member.ws:
            raise InvitationSpent("this invitation is used up, over, or was taken back")
        refuse_taken(member, [other for other in self._members.values() if other.ws == member.ws])
        self._put(replace(offer, used=offer.used + 1))
        await self.write_people((member, *joining.rows))
        return member

    async def end_invitation(self, id: str, noted: AccessRow) -> None:
        """Take an invitation back."""
        if id in self._invitations:
            self._put(replace(self._invitations[id], revoked=True))
        self._put(noted)

    async def members(self, ws: str) -> list[MemberRow]:
        """Return the members of a workspace by name."""
        return sorted((row for row in self._members.values() if row.ws == ws), key=lambda row: row.actor)

    async def memberships(self, person: str) -> list[MemberRow]:
        """Return where a person is, or was, a member."""
        return sorted((row for row in self._members.values() if row.person == person), key=lambda row: row.ws)

    async def person(self, id: str) -> PersonRow | None:
        """Return one person."""
        return self._persons.get(id)

    async def persons(self, ws: str) -> list[PersonRow]:
        """Return the people who are, or were, members of a workspace."""
        ids = sorted({row.person for row in self._members.values() if row.ws == ws} & self._persons.keys())
        return [self._persons[id] for id in ids]

    async def logins(self, *, person: str = "", issuer: str = "", subject: str = "") -> list[LoginRow]:
        """Return the ways in which a person signs in, or the one that an issuer and a subject name."""
        wanted = (issuer, subject)
        return [row for key, row in sorted(self._logins.items()) if row.person == person or key == wanted]

    async def invitations(self, ws: str = "", id: str = "") -> list[InvitationRow]:
        """Return the invitations to a workspace, or the one of an id."""
        found = [row for row in self._invitations.values() if row.ws == ws or row.id == id]
        return sorted(sorted(found, key=lambda row: row.id), key=lambda row: row.created_at, reverse=True)

    async def accesses(self, place: str | None, *, limit: int = 500, before: str = "") -> list[AccessRow]:
        """Return the newest entries of the record of access, or of those before one; none before no entry."""
        found = [row for row in self._accesses.values() if place in (None, row.place)]
        if before:
            last = self._accesses.get(before)
            found = [row for row in found if last is not None and (row.at, row.id) < (last.at, last.id)]
        return sorted(found, key=lambda row: (row.at, row.id), reverse=True)[:limit]

    def _end(self, ids: Sequence[str]) -> None:
        for id in ids:
            if id in self._tokens:
                self._tokens[id] = replace(self._tokens[id], revoked=True)

    def _put(self, row: PeopleRow) -> None:
        match row:
            case PersonRow():
                self._persons[row.id] = row
            case MemberRow():
                before = self._members.get((row.ws, row.actor))
                changes = before.changes + 1 if before is not None else row.changes
                self._members[row.ws, row.actor] = replace(row, changes=changes)
            case TokenRow():
                self._tokens[row.id] = row
            case LoginRow():
                self._logins[row.issuer, row.subject] = row
            case InvitationRow():
                self._invitations[row.id] = row
            case AccessRow():
                self._accesses[row.id] = row


def _is_for(row: TokenRow, people: set[str]) -> bool:
    """Tell whether a key of no workspace counts in the one of these people: it is the server's, or one of theirs."""
    assert row.ws is None, "a workspace's own token counts there"
    return row.person is None or row.person in people
