"""Who may do what: tokens, identities, and the table of rights. Pure.

A token is `fm_ID_SECRET`; the server keeps only the hash of the secret. Rights are looked at again at every act; what
lasts ends with the token under which it goes on (`registry/authority.py`).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from typing import Literal, TypeGuard

import msgspec

from crdt.digest import sha256_of
from workspace.intents.model.intent import Role, is_role, rank_of
from workspace.ports import TokenRow

Right = Literal["read", "edit", "instruct", "administer"]
RIGHTS: dict[str, frozenset[Right]] = {
    "owner": frozenset({"read", "edit", "instruct", "administer"}),
    "editor": frozenset({"read", "edit", "instruct"}),
    "commenter": frozenset({"read", "instruct"}),
    "viewer": frozenset({"read"}),
}
ROLES: tuple[str, ...] = tuple(RIGHTS)
_TOKEN = re.compile(r"fm_([0-9a-f]{12})_([0-9a-f]{32})")


def is_given(role: str) -> TypeGuard[Role]:
    """Tell whether a token may be made out for this role: it is one of a person's, never the agent's."""
    return role in RIGHTS


class Identity(msgspec.Struct, frozen=True):
    """Who somebody is for one workspace: established by a token, or given out by an open server."""

    actor: str
    role: Role
    token_id: str = ""
    expires: float | None = None

    def may(self, right: Right, now: float) -> bool:
        """Tell whether the right is theirs at `now` (unix seconds)."""
        return right in RIGHTS.get(self.role, ()) and (self.expires is None or now < self.expires)


def format_token(id: str, secret: str) -> str:
    """Return the token people carry. `id` is 12, `secret` 32 lower-case hex digits."""
    return f"fm_{id}_{secret}"


def parse_token(token: str) -> tuple[str, str] | None:
    """Return a token's id and secret, or None when it is none."""
    found = _TOKEN.fullmatch(token)
    return (found.group(1), found.group(2)) if found else None


def hash_secret(secret: str) -> str:
    """Return what is stored of a random secret of 128 bits; a plain hash suffices for one."""
    return sha256_of(secret.encode())


def check_token(row: TokenRow | None, secret: str, *, ws: str | None, now: float) -> Identity | None:
    """Return whose token this is for a workspace (None: for the server as a whole), or None when it does not count."""
    if row is None or not hmac.compare_digest(row.secret_hash, hash_secret(secret)):
        return None
    if not counts(row, now) or not is_role(row.role) or (row.ws is not None and row.ws != ws):
        return None
    return Identity(row.actor, row.role, row.id, row.expires)


def counts(row: TokenRow, now: float) -> bool:
    """Tell whether a token counts at `now` (unix seconds): it was not revoked and has not run out."""
    return not row.revoked and (row.expires is None or now < row.expires)


def standings(rows: Iterable[TokenRow], now: float) -> dict[str, Role | None]:
    """Return what everybody may be at `now` who ever held one of these tokens: the highest role of those that count.

    None is somebody of whose tokens none counts any more. Who never held one (a guest of an open server) is not in it.
    """
    found: dict[str, Role | None] = {}
    for row in rows:
        best = found.setdefault(row.actor, None)
        if counts(row, now) and is_given(row.role) and (best is None or rank_of(row.role) > rank_of(best)):
            found[row.actor] = row.role
    return found


def is_origin_allowed(origin: str, host: str, allowed: tuple[str, ...]) -> bool:
    """Tell whether a browser page of `origin` may open sockets here: the server's own pages, and listed ones."""
    return origin in allowed or origin in (f"http://{host}", f"https://{host}")
