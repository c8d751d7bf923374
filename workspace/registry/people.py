"""People in a workspace: what they are, the keys they come with, and how either ends.

Each change is written together with its entry in the record of access. `Told` hears of it behind that: on a server
everything that goes on under keys that ended is over when a method here returns (`registry/authority.py`); a command
line beside it tells nobody, and a server sees it within a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

import msgspec

from workspace.access import AccessRow, Identity, MemberRow, PersonRow, Reach, TokenRow, counts, is_open, standings
from workspace.errors import KeyEnded, Refusal
from workspace.intents.model.intent import Role
from workspace.names import NOT_FOR_PEOPLE, is_for_people, twin_of
from workspace.ports import Clock, Store
from workspace.registry.tokens import AccessTokens, entry, words_of

# Told of a workspace ("" for none of them) and of keys that have ended.
Told = Callable[[str, Sequence[str]], Awaitable[None]]
# A token is made by an owner; so many of one workspace count at once.
TOKENS_MAX = 2_000
NO_MEMBER = Refusal("not_found", "Nobody of this name is a member here.", "`GET …/members` lists them.")
NO_KEY = Refusal("not_found", "There is no such token or session, or it is not yours.")
LAST_OWNER = Refusal(
    "last_owner", "You are the only owner: nobody could let others in.", "Make somebody else an owner first."
)
LAST_OPERATOR = Refusal(
    "last_owner",
    "This is the last key with which somebody runs the whole server over HTTP.",
    "Make another one first: `folkmoot admin token --actor NAME`.",
)
NO_OWNER = Refusal("forbidden", "Only an owner gives and takes rights, and you are none now.", "Ask an owner.")
NOBODY = Refusal("not_found", "Nobody is known by this key.", "Come by a link or an invitation of a workspace.")
NOT_BY_TOKEN = Refusal(
    "forbidden", "A person is changed by themselves, and this token may be somebody else's.", "Come with your session."
)
TOO_MANY = Refusal(
    "too_large", f"A workspace has at most {TOKENS_MAX} tokens that count.", "Revoke those that nobody needs."
)


@dataclass(frozen=True, slots=True)
class AccessNow:
    """Who may what in a workspace at `now` (unix seconds): its tokens, the whole server's among them, and members."""

    ws: str
    rows: list[TokenRow]
    members: list[MemberRow]
    now: float

    @property
    def tokens(self) -> list[TokenRow]:
        """The workspace's own tokens that count, the oldest first."""
        return [row for row in self.rows if row.ws == self.ws and counts(row, self.now)]

    @property
    def names(self) -> set[str]:
        """Who is or was a member, or holds a token."""
        return {row.actor for row in self.rows if row.person is None} | {member.actor for member in self.members}

    def roles(self, *, but: Collection[str] = ()) -> dict[str, Role]:
        """Return what everybody is who is a member, the whole server's tokens apart; `but` are keys left out."""
        own = [row for row in self.rows if row.ws is not None and row.id not in but]
        found = standings(own, self.members, self.now)
        return {actor: role for actor, role in found.items() if role is not None}

    def refuse(self, by: str, *, lowered: str = "", ends: Collection[str] = (), is_own: bool = False) -> Refusal | None:
        """Return why somebody may not give or take this, or None; `is_own` is what one does with what is one's own.

        They are no owner; or no owner would be left of those who are members, once `lowered` is none and the keys
        `ends` have ended. Whoever is no member, as the server's owner, may do that.
        """
        if not is_own and standings(self.rows, self.members, self.now).get(by, "owner") != "owner":
            return NO_OWNER
        before, after = self.roles(), self.roles(but=ends)
        after.pop(lowered, None)
        is_left = "owner" in after.values() or "owner" not in before.values()
        return None if is_left or by not in before else LAST_OWNER


class People:
    """The members of workspaces and their keys."""

    def __init__(self, store: Store, clock: Clock, tokens: AccessTokens, told: Told) -> None:
        self._store = store
        self._clock = clock
        self._tokens = tokens
        self._told = told
        # Whether somebody is the last owner must not change between the question and what follows from it.
        self._changing = asyncio.Lock()

    def note(self, ws: str, by: str, act: str, subject: str, detail: str = "") -> AccessRow:
        """Return an entry of the record of access; nothing is written."""
        return entry(self._clock, ws, by, act, subject, detail)

    # ------------------------------------------------------------ members

    async def roles(self, ws: str) -> dict[str, Role]:
        """Return what everybody is who is a member now, the whole server's tokens apart."""
        return (await self._look(ws)).roles()

    async def _look(self, ws: str) -> AccessNow:
        rows, members = await self._store.tokens(ws), await self._store.members(ws)
        return AccessNow(ws, rows, members, self._clock.now())

    async def member(self, ws: str, actor: str) -> MemberRow | None:
        """Return the membership of a name, None where it has none, or is gone."""
        return next((row for row in await self._store.members(ws) if row.actor == actor and not row.gone), None)

    async def profile(self, ws: str | None, identity: Identity) -> PersonRow | None:
        """Return the person who asks; None where nobody is known by the key: the server's own, a guest's."""
        person = identity.person
        if not person and identity.token_id and ws is not None:
            row = await self._store.token(identity.token_id)
            member = await self.member(ws, identity.actor) if row is not None and row.ws == ws else None
            person = member.person if member is not None else ""
        return await self._store.person(person) if person else None

    async def change_profile(
        self, ws: str | None, identity: Identity, *, name: str | None, colour: str | None
    ) -> PersonRow | Refusal:
        """Call the person who asks otherwise, or give them another colour; a name in a workspace stays.

        With a token only who is known by tokens alone, and here alone: an owner can make one out to any name here.
        """
        person = await self.profile(ws, identity)
        if person is None:
            return NOBODY
        known = await self._store.memberships(person.id)
        is_here_alone = len(known) == 1 and not known[0].role and not await self._store.logins(person=person.id)
        if identity.scope != "all" or not (identity.person or is_here_alone):
            return NOT_BY_TOKEN
        if name not in (None, person.name) and not is_for_people(name):
            return NOT_FOR_PEOPLE
        changed = msgspec.structs.replace(
            person, name=person.name if name is None else name, colour=person.colour if colour is None else colour
        )
        await self._store.write_people((changed,))
        return changed

    async def set_role(self, ws: str, actor: str, role: Role, *, by: str) -> Refusal | None:
        """Make a member something else, with every token of theirs; it counts when this returns."""
        async with self._changing:
            known = await self._look(ws)
            roles = known.roles()
            if actor not in roles:
                return NO_MEMBER
            refusal = known.refuse(by, lowered=actor if role != "owner" else "")
            if refusal is not None:
                return refusal
            if roles[actor] != role:
                noted = self.note(ws, by, "role", actor, f"{roles[actor]} to {role}")
                await self._store.change_member(ws, actor, role, noted)
                await self._end_offers(ws, actor, by=by)
        await self._told(ws, ())
        return None

    async def remove(self, ws: str, actor: str, *, by: str) -> Refusal | None:
        """End a membership with every token of it; the name stays theirs. Whoever is `by` themselves has left."""
        async with self._changing:
            known = await self._look(ws)
            if actor not in known.roles():
                return NO_MEMBER
            refusal = known.refuse(by, lowered=actor, is_own=actor == by)
            if refusal is not None:
                return refusal
            await self._remove(ws, actor, by=by)
        return None

    async def revoke_all(self, ws: str, actor: str, *, by: str) -> list[str] | Refusal:
        """End a membership, also one of a name that has none; return the ids of the tokens that were revoked."""
        async with self._changing:
            refusal = (await self._look(ws)).refuse(by, lowered=actor)
            return refusal if refusal is not None else await self._remove(ws, actor, by=by)

    async def revoke_one(self, ws: str, token_id: str, *, by: str) -> list[str] | Refusal:
        """Revoke one token of a workspace; return its id, or nothing where there is none."""
        async with self._changing:
            known = await self._look(ws)
            refusal = known.refuse(by, ends=(token_id,))
            if refusal is not None:
                return refusal
            ids = await self._tokens.revoke(ws, actor=None, token_id=token_id, by=by)
            for row in known.tokens:
                if row.id in ids:
                    await self._end_offers(ws, row.actor, by=by)
            await self._told(ws if ids else "", ids)
            return ids

    async def _remove(self, ws: str, actor: str, *, by: str) -> list[str]:
        noted = self.note(ws, by, "left" if actor == by else "removed", actor)
        ids = await self._store.change_member(ws, actor, None, noted)
        await self._end_offers(ws, actor, by=by)
        await self._told(ws, ids)
        return ids

    # ------------------------------------------------------------ tokens

    async def make_token(
        self,
        ws: str,
        *,
        actor: str,
        role: Role,
        expires: float | None,
        scope: Reach,
        label: str,
        by: str,
        logged: Collection[str] = (),
    ) -> str | Refusal:
        """Make a token for a name, which becomes a member by it where it is none.

        `logged` are the names that the workspace's log has. One that people would take for a known name is refused.
        """
        async with self._changing:
            known = await self._look(ws)
            if len(known.tokens) >= TOKENS_MAX:
                return TOO_MANY
            refusal = refuse_new_name(actor, known.names, logged) or known.refuse(by)
            if refusal is not None:
                return refusal
            return await self._tokens.make(ws, actor=actor, role=role, expires=expires, scope=scope, label=label, by=by)

    async def new_link(self, ws: str, actor: str, *, expires: float | None, by: str) -> tuple[str, Role] | Refusal:
        """Make a member a new link in the place of all that they have there, which end: one was lost."""
        async with self._changing:
            known = await self._look(ws)
            role = known.roles().get(actor)
            if role is None:
                return NO_MEMBER
            refusal = known.refuse(by)
            if refusal is not None:
                return refusal
            ends = [row.id for row in known.tokens if row.actor == actor]
            row, token = self._tokens.draw(ws, actor=actor, role=role, expires=expires, scope="all", label="")
            await self._store.put_token(row, noted=self.note(ws, by, "link", actor, words_of(row)), ends=ends)
            await self._told(ws, ends)
        return token, role

    async def rotate(self, ws: str, token_id: str, *, by: str, holder: str = "") -> str | Refusal:
        """Put a new token in the place of one that counts, which ends: the same name, role, scope and end.

        `holder` is the id of a token that may only be exchanged for itself; empty, any may.
        """
        async with self._changing:
            known = await self._look(ws)
            old = next((row for row in known.tokens if row.id == token_id), None)
            if old is None or (holder and holder != token_id):
                return NO_KEY
            refusal = known.refuse(by, is_own=bool(holder))
            if refusal is not None:
                return refusal
            row, token = self._tokens.draw(
                ws, actor=old.actor, role=old.role, expires=old.expires, scope=old.scope, label=old.label
            )
            noted = self.note(ws, by, "rotated", old.actor, words_of(row))
            try:
                await self._store.put_token(row, noted=noted, instead_of=old.id)
            except KeyEnded:  # by another process, a moment ago
                return NO_KEY
            await self._told(ws, [old.id])
        return token

    async def listed(self, ws: str) -> list[TokenRow]:
        """Return the tokens of a workspace that count, the oldest first."""
        return (await self._look(ws)).tokens

    # ------------------------------------------------------------ what one person holds

    async def held(self, identity: Identity, ws: str | None) -> list[TokenRow]:
        """Return the keys that count of whoever asks: a person's sessions, else the tokens of a name in a workspace."""
        now = self._clock.now()
        if identity.person:
            return [row for row in await self._store.sessions(identity.person) if counts(row, now)]
        rows = await self._store.tokens(ws or "")
        own = [row for row in rows if row.id == identity.token_id]
        if not own or own[0].ws is None:
            return own
        return [row for row in rows if row.ws == ws and row.actor == identity.actor and counts(row, now)]

    async def end_held(self, identity: Identity, ws: str | None, *, id: str = "") -> list[str] | Refusal:
        """End one of the keys of whoever asks, or all but the one they ask with; return which have ended."""
        async with self._changing:
            held = await self.held(identity, ws)
            ends = [row.id for row in held if (row.id == id if id else row.id != identity.token_id)]
            if id and not ends:
                return NO_KEY
            refusal = (await self._look(ws)).refuse(identity.actor, ends=ends, is_own=True) if ws else None
            if refusal is not None:
                return refusal
            await self.end(ws or "", ends, by=identity.actor, subject=identity.actor)
        return ends

    async def end_any(self, id: str, *, by: str) -> TokenRow | Refusal:
        """End any key that counts, of whatever workspace and whoever's; for who runs the server. Return what it was.

        They make owners as they need them, so a workspace's last one may go; the last key of their own kind may not.
        """
        async with self._changing:
            row, now = await self._store.token(id), self._clock.now()
            if row is None or not counts(row, now):
                return NO_KEY
            if row.ws is None and row.person is None:
                left = [one for one in await self._store.tokens("") if one.id != id and _runs_server(one, now)]
                if _runs_server(row, now) and not left:
                    return LAST_OPERATOR
            person = await self._store.person(row.person) if row.person is not None else None
            await self.end(row.ws or "", [id], by=by, subject=person.name if person is not None else row.actor)
        return row

    async def end(self, ws: str, ids: Sequence[str], *, by: str, subject: str) -> None:
        """End keys; what goes on under them is over when this returns."""
        if ids:
            noted = self.note(ws, by, "ended", subject, f"{len(ids)}: {', '.join(ids[:8])}")
            await self._store.write_people((noted,), ends=ids)
            for row in [await self._store.token(id) for id in ids]:
                # A session gives nobody a role: its person is what they were.
                if row is not None and row.person is None:
                    here = [row.ws] if row.ws is not None else [one.id for one in await self._store.workspaces()]
                    for place in here:
                        await self._end_offers(place, row.actor, by=by)
            await self._told(ws, ids)

    async def _end_offers(self, ws: str, actor: str, *, by: str) -> None:
        """End the open invitations of somebody who is no owner now: made one again, they would let people in again."""
        now = self._clock.now()
        offers = [row for row in await self._store.invitations(ws) if row.by == actor and is_open(row, now)]
        known = await self._look(ws) if offers else None
        if known is None or standings(known.rows, known.members, now).get(actor, "owner") == "owner":
            return
        for row in offers:
            await self._store.end_invitation(row.id, self.note(ws, by, "uninvited", row.role, row.id))


def refuse_new_name(name: str, members: Collection[str], logged: Collection[str] = ()) -> Refusal | None:
    """Return why nobody gets a name who does not have it, or None; a known one goes on as it is."""
    if name in members:
        return None
    if not is_for_people(name):
        return NOT_FOR_PEOPLE
    twin = twin_of(name, {*members, *logged})
    if twin in (None, name):
        return None
    reason = f"{name} would be taken for {twin}, who is known in this workspace."
    return Refusal("name_taken", reason, f"Give the name as it is known, {twin}, or choose another.")


def _runs_server(row: TokenRow, now: float) -> bool:
    """Tell whether a key makes its holder the server's owner."""
    return row.ws is None and row.person is None and row.role == "owner" and row.scope == "all" and counts(row, now)
