"""What routes about people and keys answer with, as types: of the description, and of the tests' look at answers."""

from __future__ import annotations

import msgspec

from workspace.access import Reach
from workspace.intents.model.intent import Role


class Me(msgspec.Struct, frozen=True):
    """Who a key says somebody is, in a workspace or on the server (`ws` null), and which planner serves."""

    actor: str
    role: Role
    scope: Reach
    ws: str | None
    planner: str | None
    name: str
    colour: str


class Profile(msgspec.Struct, frozen=True):
    """How a person is called on this server, and their colour: `#rrggbb`, or empty."""

    name: str
    colour: str


class HeldKey(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """A token or session, never its secret. `expires` is in unix seconds; `own` is the one that was used to ask."""

    id: str
    kind: str
    actor: str
    role: str
    scope: Reach
    label: str
    created: str
    expires: float | None
    used: str
    from_: str
    own: bool


class Ended(msgspec.Struct, frozen=True):
    """The ids of the keys that have ended."""

    ended: tuple[str, ...]


class SignInWays(msgspec.Struct, frozen=True):
    """The name of the issuer by which people sign in here; null where there is none."""

    oidc: str | None


class Offer(msgspec.Struct, frozen=True):
    """What an invitation opens, and whether the server knows who asks: by which name, and as a member already."""

    ws: str
    name: str
    role: Role
    by: str
    expires: float
    known: str | None
    member: bool


class Membership(msgspec.Struct, frozen=True):
    """Who somebody is in a workspace."""

    ws: str
    actor: str
    role: Role


class MemberNow(msgspec.Struct, frozen=True):
    """A member now. `since` is empty for who is here by tokens alone, `colour` where none was chosen."""

    actor: str
    role: Role
    since: str
    colour: str
    own: bool


class HeldRole(msgspec.Struct, frozen=True):
    """The role that somebody has now."""

    actor: str
    role: Role


class MadeToken(msgspec.Struct, frozen=True):
    """A new token: it is seen this once."""

    token: str
    actor: str
    role: Role
    scope: Reach


class MadeLink(msgspec.Struct, frozen=True):
    """A new token of a member's, with their role: it is seen this once."""

    token: str
    actor: str
    role: Role


class RotatedToken(msgspec.Struct, frozen=True):
    """The token that took another's place: it is seen this once."""

    token: str


class Revoked(msgspec.Struct, frozen=True):
    """The ids of the tokens that were revoked."""

    revoked: tuple[str, ...]


class Invitation(msgspec.Struct, frozen=True):
    """An offer to become a member, without its secret: `used` of `uses` times, until `expires` (unix seconds)."""

    id: str
    role: Role
    uses: int
    used: int
    expires: float
    by: str
    created: str


class MadeInvitation(Invitation, frozen=True):
    """A new invitation, with what the link carries behind `#invitation=`: it is seen this once."""

    invitation: str
