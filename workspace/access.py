"""Who may do what: people, members, keys, identities, and the table of rights. Pure.

A *person* is known on the whole server; in each workspace a person is a *member*, under a name (`actor`) and with a
role. What opens a workspace is a key: a *token* that was made for a name there, or a *session*, which is a person's and
opens every workspace where they are a member. Keys are `fm_ID_SECRET` and `fs_ID_SECRET`, invitations `fi_ID_SECRET`;
the server keeps only the hash of the secret. Rights are looked at again at every act; what lasts ends with the key
under which it goes on (`registry/authority.py`).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from typing import Literal, TypeGuard, get_args

import msgspec

from crdt.digest import sha256_of
from workspace.intents.model.intent import Role, is_role, rank_of
from workspace.intents.model.role_rules import LEAST

Right = Literal["read", "edit", "instruct", "administer", "grant"]
_GIVEN: tuple[Role, ...] = ("owner", "editor", "commenter", "viewer")
GUEST_ROLE: Role = "guest"
# What each role may in a workspace, by the one table of verbs; what rules say of a document, `rules/places.py` knows.
RIGHTS: dict[str, frozenset[Right]] = {
    role: frozenset(right for right in get_args(Right) if rank_of(role) >= rank_of(LEAST[right])) for role in _GIVEN
}
# A guest may what an owner may, but leave nothing behind that opens or closes doors: keys, rules and receivers outlive
# `--open`.
RIGHTS[GUEST_ROLE] = RIGHTS["owner"] - {"grant"}
ROLES: tuple[str, ...] = _GIVEN
# How much of the role a token carries: all of it, or reading alone.
Reach = Literal["all", "read"]
REACHES: tuple[str, ...] = get_args(Reach)
TOKEN, SESSION, INVITATION = "fm", "fs", "fi"
_KEY = re.compile(r"(f[msi])_([0-9a-f]{12})_([0-9a-f]{32})")


class TokenRow(msgspec.Struct, frozen=True):
    """One key. `expires` is unix seconds; the secret is stored as a hash.

    A token is made out to a name (`actor`) in a workspace, or on the whole server (`ws` None). A session belongs to a
    `person` instead: workspace, name and role are empty, they are each membership's. `label` says what it is for, or
    which browser holds it; `used_at` and `used_from` when and from which address it was seen last.
    """

    id: str
    ws: str | None
    actor: str
    role: str
    secret_hash: str
    expires: float | None
    revoked: bool
    created_at: str
    person: str | None = None
    scope: str = "all"
    label: str = ""
    used_at: str = ""
    used_from: str = ""


class PersonRow(msgspec.Struct, frozen=True):
    """Somebody known on this server; who came with a token has the id of the first.

    `colour` is `#rrggbb`, or empty where they have chosen none.
    """

    id: str
    name: str
    colour: str
    created_at: str


class MemberRow(msgspec.Struct, frozen=True):
    """Who a name in a workspace is, and what they are there.

    `role` is empty where somebody is here by tokens alone, and is as long as one of them counts. `gone` is somebody who
    left, or was removed: the name stays theirs. `changes` counts what happened to the row.
    """

    ws: str
    actor: str
    person: str
    role: str
    gone: bool
    changes: int
    created_at: str


class LoginRow(msgspec.Struct, frozen=True):
    """How a person signs in: as the `subject` of an issuer. `mail` is one that the issuer has verified, or empty."""

    issuer: str
    subject: str
    person: str
    mail: str
    created_at: str


class Claims(msgspec.Struct, frozen=True):
    """Who an issuer says that somebody is, after everything about it was checked; `mail` only where it is verified."""

    issuer: str
    subject: str
    name: str = ""
    mail: str = ""


class InvitationRow(msgspec.Struct, frozen=True):
    """An offer to become a member: `used` of `uses` times taken, until `expires` (unix seconds), or `revoked`."""

    id: str
    ws: str
    role: str
    secret_hash: str
    uses: int
    used: int
    expires: float
    revoked: bool
    by: str
    created_at: str


class AccessRow(msgspec.Struct, frozen=True):
    """What happened to somebody's access: `by` did `act` to `subject` in a workspace (`place`; empty: the server)."""

    id: str
    place: str
    at: str
    by: str
    act: str
    subject: str
    detail: str


class LaneRow(msgspec.Struct, frozen=True):
    """One sequential issuer of intents: an actor's device session. The secret is stored only as a hash."""

    ws: str
    lane: str
    actor: str
    secret_hash: str
    created_at: str


PeopleRow = PersonRow | MemberRow | TokenRow | LoginRow | InvitationRow | AccessRow


class Joining(msgspec.Struct, frozen=True):
    """What is written when somebody takes up an invitation at `now` (unix seconds): all of it together."""

    invitation: str
    now: float
    member: MemberRow
    rows: tuple[PeopleRow, ...] = ()


def is_given(role: str) -> TypeGuard[Role]:
    """Tell whether a token may be made out for this role: it is a member's, never a guest's or the agent's."""
    return role in _GIVEN


class Identity(msgspec.Struct, frozen=True):
    """Who somebody is for one workspace: established by a key, or given out by an open server.

    `token_id` is the key's, `person` whose session it is, empty for a token. With `scope` "read" nothing is theirs but
    reading, whatever the role: it is the viewer's then.
    """

    actor: str
    role: Role
    token_id: str = ""
    expires: float | None = None
    scope: str = "all"
    person: str = ""

    @property
    def only_reads(self) -> bool:
        """Whether nothing but reading is theirs, whatever the role and the rules of a document say."""
        return self.scope != "all"

    def may(self, right: Right, now: float) -> bool:
        """Tell whether the right is theirs at `now` (unix seconds), but for what rules say of a document."""
        if self.only_reads and right != "read":
            return False
        return right in RIGHTS.get(self.role, ()) and (self.expires is None or now < self.expires)


def person_in(ws: str, actor: str) -> str:
    """Return who somebody is among all on a server: names are given out by each workspace's owner, for that one."""
    return f"{ws}/{actor}"


def format_key(kind: str, id: str, secret: str) -> str:
    """Return what people carry. `id` is 12, `secret` 32 lower-case hex digits."""
    return f"{kind}_{id}_{secret}"


def parse_key(text: str, *kinds: str) -> tuple[str, str] | None:
    """Return the id and secret of a key of one of these kinds, or None when it is none."""
    found = _KEY.fullmatch(text)
    return (found.group(2), found.group(3)) if found and found.group(1) in kinds else None


def hash_secret(secret: str) -> str:
    """Return what is stored of a random secret of 128 bits; a plain hash suffices for one."""
    return sha256_of(secret.encode())


def is_secret(secret: str, secret_hash: str) -> bool:
    """Tell whether this is the secret whose hash is kept; takes as long for every answer."""
    return hmac.compare_digest(secret_hash, hash_secret(secret))


def identity_by(row: TokenRow | None, member: MemberRow | None, *, ws: str | None, now: float) -> Identity | None:
    """Return who somebody is by a key for a workspace (None: for the server as a whole); None where it does not count.

    `member` is the membership there of the person whose session it is.
    """
    if row is None or not counts(row, now):
        return None
    if row.person is not None:
        if member is None or member.gone or member.ws != ws or member.person != row.person or not is_given(member.role):
            return None
        return Identity(member.actor, member.role, row.id, row.expires, person=row.person)
    if not is_given(row.role) or (row.ws is not None and row.ws != ws):
        return None
    return Identity(row.actor, _reached(row), row.id, row.expires, row.scope)


def _reached(row: TokenRow) -> Role:
    """Return the role that a token carries: whoever only reads with it is a viewer by it."""
    assert is_role(row.role), "a token that counts has a role"
    return row.role if row.scope == "all" else "viewer"


def counts(row: TokenRow, now: float) -> bool:
    """Tell whether a key counts at `now` (unix seconds): it was not revoked and has not run out."""
    return not row.revoked and (row.expires is None or now < row.expires)


def is_open(row: InvitationRow, now: float) -> bool:
    """Tell whether an invitation may still be taken up at `now`, whoever made it."""
    return not row.revoked and row.used < row.uses and now < row.expires


def standings(rows: Iterable[TokenRow], members: Iterable[MemberRow], now: float) -> dict[str, Role | None]:
    """Return what everybody may be at `now` who is or was a member of a workspace, or ever held one of these tokens.

    That is the role as a member, or that of the strongest token that counts. None is somebody who has neither any more.
    Who never had one (a guest of an open server) is not in it. Sessions give nobody anything: they are keys of members.
    """
    found: dict[str, Role | None] = {}

    def give(actor: str, role: Role | None) -> None:
        best = found.setdefault(actor, None)
        if role is not None and (best is None or rank_of(role) > rank_of(best)):
            found[actor] = role

    for member in members:
        give(member.actor, member.role if is_given(member.role) and not member.gone else None)
    for row in rows:
        if row.person is None:
            give(row.actor, _reached(row) if counts(row, now) and is_given(row.role) else None)
    return found


def is_origin_allowed(origin: str, host: str, allowed: tuple[str, ...]) -> bool:
    """Tell whether a browser page of `origin` may open sockets here: the server's own pages, and listed ones."""
    return origin in allowed or origin in (f"http://{host}", f"https://{host}")
