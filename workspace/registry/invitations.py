"""Invitations: an offer to become a member with a role, for so many people, until a day, taken back at any time.

They are an owner's word, and end with it: whoever made one to come in by again, once they are put out, does not. Nor
does whoever else is put out come in again by one that was made before.

Only a session says who somebody is here: a token that an owner made out to a name is the owner's word for one
workspace, and must not open others to whoever holds it.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from workspace.access import (
    INVITATION,
    InvitationRow,
    MemberRow,
    PersonRow,
    TokenRow,
    format_key,
    hash_secret,
    is_given,
    is_open,
    is_secret,
    parse_key,
    standings,
)
from workspace.errors import InvitationSpent, NameTaken, Refusal
from workspace.intents.model.intent import Role
from workspace.intents.model.times import timestamp
from workspace.names import NOT_FOR_PEOPLE, is_for_people, is_same_name
from workspace.ports import Clock, Joining, PeopleRow, Store
from workspace.registry.people import NO_OWNER, Told
from workspace.registry.tokens import AccessTokens, entry

OPEN_MAX = 100
USES_MAX = 1_000
DAY_SECONDS = 86_400.0
INVITATION_SECONDS, INVITATION_SECONDS_MAX = 7 * DAY_SECONDS, 366 * DAY_SECONDS
SESSION_SECONDS = 30 * DAY_SECONDS
NONE_SUCH = Refusal("not_found", "There is no such invitation, or it is over.", "`GET …/invitations` lists them.")
TOO_MANY = Refusal(
    "too_large", f"A workspace has at most {OPEN_MAX} open invitations.", "Take back those that nobody needs."
)
SPENT = Refusal(
    "invitation_spent", "This invitation is used up, over, or was taken back.", "Ask whoever sent it for another."
)
PUT_OUT = Refusal(
    "invitation_spent",
    "You were taken out of this workspace after this invitation was made.",
    "Ask an owner for a new one.",
)


class Accepted(msgspec.Struct, frozen=True):
    """Who somebody is by an invitation: as a member, and the session they were given; empty where they had one."""

    member: MemberRow
    session: str = ""
    expires: float = 0.0
    is_new: bool = True


class Invitations:
    """The invitations of all workspaces."""

    def __init__(self, store: Store, clock: Clock, tokens: AccessTokens, told: Told) -> None:
        self._store = store
        self._clock = clock
        self._tokens = tokens
        self._told = told

    async def invite(
        self, ws: str, *, role: Role, uses: int, expires: float | None, by: str
    ) -> tuple[str, InvitationRow] | Refusal:
        """Make an invitation; return it as it is handed out, this once, and as it is remembered."""
        now = self._clock.now()
        end = now + INVITATION_SECONDS if expires is None else expires
        if not (1 <= uses <= USES_MAX and now < end <= now + INVITATION_SECONDS_MAX):
            reason = f"An invitation is for 1 to {USES_MAX} people, and ends within a year from now."
            return Refusal("malformed", reason, "Give uses as a whole number, expires in seconds since 1970.")
        if by in await self._no_owners(ws):
            return NO_OWNER
        if len(await self.open(ws)) >= OPEN_MAX:
            return TOO_MANY
        id, secret = self._clock.token(6), self._clock.token(16)
        row = InvitationRow(id, ws, role, hash_secret(secret), uses, 0, end, False, by, timestamp(now))
        noted = entry(self._clock, ws, by, "invited", role, f"{id}, for {uses}")
        await self._store.write_people((row, noted))
        return format_key(INVITATION, id, secret), row

    async def open(self, ws: str) -> list[InvitationRow]:
        """Return the invitations to a workspace that somebody may still take up, the newest first."""
        now = self._clock.now()
        found = [row for row in await self._store.invitations(ws) if is_open(row, now)]
        gone = await self._no_owners(ws) if found else frozenset()
        return [row for row in found if row.by not in gone]

    async def take_back(self, ws: str, id: str, *, by: str) -> Refusal | None:
        """Let nobody in any more by an invitation; whoever came by it stays."""
        rows, now = await self._store.invitations(ws), self._clock.now()
        row = next((row for row in rows if row.id == id and is_open(row, now)), None)
        if row is None:
            return NONE_SUCH
        noted = entry(self._clock, ws, by, "uninvited", row.role, id)
        await self._store.end_invitation(id, noted)
        return None

    async def look(self, key: str, *, session: TokenRow | None = None) -> InvitationRow | None:
        """Return the invitation that somebody holds; None for one that is over, or was never made.

        To whoever comes with a session and is a member there already it is never over: they come in as themselves.
        """
        parts = parse_key(key, INVITATION)
        if parts is None:
            return None
        row = next(iter(await self._store.invitations(id=parts[0])), None)
        if row is None or not is_secret(parts[1], row.secret_hash):
            return None
        if is_open(row, self._clock.now()) and row.by not in await self._no_owners(row.ws):
            return row
        person = session.person if session is not None else None
        here = await self._before(row.ws, person) if person is not None else None
        return row if here is not None and here.role and not here.gone else None

    async def accept(
        self, key: str, *, name: str, session: TokenRow | None, label: str, place: str, known: Iterable[str]
    ) -> Accepted | Refusal:
        """Make whoever holds an invitation a member; a name's case and form do not make it another.

        `session` is the one they came with, `known` are the names that the workspace's log has. Who is a member
        already stays what they are, and no use is taken.

        Raises `StoreFault`.
        """
        offer = await self.look(key, session=session)
        if offer is None or not is_given(offer.role):
            return SPENT
        person = session.person if session is not None else None
        before = await self._before(offer.ws, person) if person is not None else None
        if before is not None and before.role:
            return Accepted(before, is_new=False)
        if before is not None and await self._was_removed(before, offer.created_at):
            return PUT_OUT
        if before is not None:
            name = before.actor
        elif person is not None and not name:
            known_as = await self._store.person(person)
            name = known_as.name if known_as is not None else ""
        if before is None and not is_for_people(name):
            return NOT_FOR_PEOPLE
        if before is None and any(is_same_name(name, other) for other in known):
            return _taken(name)
        return await self._join(offer, name, person, label=label, place=place)

    async def _join(
        self, offer: InvitationRow, name: str, person: str | None, *, label: str, place: str
    ) -> Accepted | Refusal:
        now = self._clock.now()
        at, rows, given, expires = timestamp(now), list[PeopleRow](), "", now + SESSION_SECONDS
        if person is None:
            person = self._clock.token(6)
            row, given = self._tokens.draw_session(person, expires=expires, label=label, place=place)
            rows = [PersonRow(person, name, "", at), row]
        member = MemberRow(offer.ws, name, person, offer.role, gone=False, changes=0, created_at=at)
        rows.append(entry(self._clock, offer.ws, offer.by, "joined", name, f"{offer.role}, by invitation {offer.id}"))
        try:
            await self._store.join(Joining(offer.id, now, member, tuple(rows)))
        except InvitationSpent:
            return SPENT
        except NameTaken:
            return _taken(name)
        await self._told(offer.ws, ())
        return Accepted(member, given, expires)

    async def _before(self, ws: str, person: str) -> MemberRow | None:
        return next((row for row in await self._store.memberships(person) if row.ws == ws), None)

    async def _no_owners(self, ws: str) -> frozenset[str]:
        """Return who was known in a workspace and is no owner now: nobody comes in on their word any more."""
        rows, members = await self._store.tokens(ws), await self._store.members(ws)
        standing = standings(rows, members, self._clock.now())
        return frozenset(actor for actor, role in standing.items() if role != "owner")

    async def _was_removed(self, member: MemberRow, since: str) -> bool:
        """Tell whether others have taken somebody out at a moment (a timestamp) or after it."""
        last = ""
        while rows := await self._store.accesses(member.ws, before=last):
            newer = [row for row in rows if row.at >= since]
            if any((row.act, row.subject) == ("removed", member.actor) for row in newer):
                return True
            if len(newer) < len(rows):
                return False
            last = rows[-1].id
        return False


def _taken(name: str) -> Refusal:
    return Refusal(
        "name_taken",
        f"Somebody in this workspace is, or was, called {name}.",
        "Choose another name; if it is you, open your own link, or come with the browser you were here with.",
    )
