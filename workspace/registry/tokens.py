"""Keys: made once, looked up at every connection and request, revoked at once."""

from __future__ import annotations

from collections.abc import Sequence

from workspace.access import (
    SESSION,
    TOKEN,
    AccessRow,
    Identity,
    MemberRow,
    Reach,
    counts,
    format_key,
    hash_secret,
    identity_by,
    is_secret,
    parse_key,
)
from workspace.intents.model.intent import Role
from workspace.intents.model.times import timestamp
from workspace.ports import Clock, Store, TokenRow

# Whoever sends milliseconds means some day of this year.
CENTURY_SECONDS = 100 * 365.25 * 86_400
FRESH_SECONDS = 2.0
KEPT_MAX = 10_000


def entry(clock: Clock, place: str, by: str, act: str, subject: str, detail: str = "") -> AccessRow:
    """Return an entry of the record of access to a workspace ("" for the server): who did what to whom. No secrets."""
    return AccessRow(clock.token(6), place, timestamp(clock.now()), by, act, subject, detail)


def words_of(row: TokenRow) -> str:
    """Return what the record of access says of a token: never its secret."""
    return f"{row.role}, {row.scope}, {row.id}"


class AccessTokens:
    """The keys in a store. Those looked up lately are kept until `forget`, and two seconds at most.

    On a server `Authority` lets them be forgotten within a second of any change that another process makes. Only tokens
    that exist are kept, so that guesses push none of them out.
    """

    __slots__ = ("_changes", "_clock", "_kept", "_store")

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        # With a session the memberships of its person.
        self._kept: dict[str, tuple[TokenRow, Sequence[MemberRow], float]] = {}
        self._changes = 0

    async def identify(self, key: str | None, ws: str | None) -> Identity | None:
        """Return whose key this is for a workspace (None: for the server), or None when it does not count."""
        found = await self._find(key)
        if found is None:
            return None
        row, memberships = found
        member = next((member for member in memberships if member.ws == ws), None)
        return identity_by(row, member, ws=ws, now=self._clock.now())

    async def session(self, key: str | None) -> TokenRow | None:
        """Return the session that somebody holds, in whatever workspace; None for what is none, or counts no more."""
        found = await self._find(key)
        if found is None or found[0].person is None or not counts(found[0], self._clock.now()):
            return None
        return found[0]

    async def _find(self, key: str | None) -> tuple[TokenRow, Sequence[MemberRow]] | None:
        parts = parse_key(key, TOKEN, SESSION) if key else None
        if key is None or parts is None:
            return None
        id, secret = parts
        now = self._clock.now()
        kept = self._kept.get(id)
        # A clock that was set back makes what was looked up "later" stale, too.
        if kept is None or not kept[2] <= now < kept[2] + FRESH_SECONDS:
            kept = await self._look_up(id, now)
        if kept is None or not is_secret(secret, kept[0].secret_hash):
            return None
        return (kept[0], kept[1]) if key.startswith(TOKEN) == (kept[0].person is None) else None

    async def make(
        self,
        ws: str | None,
        *,
        actor: str,
        role: Role,
        expires: float | None = None,
        scope: Reach = "all",
        label: str = "",
        by: str = "",
    ) -> str:
        """Make a token, remember its hash, return it: this is the only time it is seen.

        `expires` is unix seconds, None for never; `ws` None makes one of the whole server. `by` is who makes it.
        """
        row, token = self.draw(ws, actor=actor, role=role, expires=expires, scope=scope, label=label)
        await self._store.put_token(row, noted=entry(self._clock, ws or "", by, "token", actor, words_of(row)))
        return token

    def draw(
        self, ws: str | None, *, actor: str, role: str, expires: float | None, scope: str, label: str
    ) -> tuple[TokenRow, str]:
        """Return a new token as it is remembered, and as it is handed out; nothing is written."""
        id, secret = self._clock.token(6), self._clock.token(16)
        created = timestamp(self._clock.now())
        row = TokenRow(id, ws, actor, role, hash_secret(secret), expires, False, created, scope=scope, label=label)
        return row, format_key(TOKEN, id, secret)

    def draw_session(self, person: str, *, expires: float, label: str, place: str) -> tuple[TokenRow, str]:
        """Return a new session of a person as it is remembered, and as it is handed out; nothing is written."""
        id, secret, at = self._clock.token(6), self._clock.token(16), timestamp(self._clock.now())
        row = TokenRow(id, None, "", "", hash_secret(secret), expires, False, at, person, "all", label, at, place)
        return row, format_key(SESSION, id, secret)

    async def revoke(self, ws: str, *, actor: str | None, token_id: str | None, by: str = "") -> list[str]:
        """Revoke the tokens of an actor, or one, of a workspace; return their ids. They count no more from now on."""
        noted = entry(self._clock, ws, by, "revoked", actor or "", token_id or "")
        ids = await self._store.revoke(ws, actor=actor, token_id=token_id, noted=noted)
        self.forget()
        return ids

    def forget(self) -> None:
        """Look every token up anew: a workspace was deleted, or tokens of it revoked."""
        self._kept.clear()
        self._changes += 1

    async def _look_up(self, id: str, now: float) -> tuple[TokenRow, Sequence[MemberRow], float] | None:
        """Return a key as it stands when this returns: what a revocation overtakes on its way is asked for again."""
        while True:
            before = self._changes
            row = await self._store.token(id)
            members = await self._store.memberships(row.person) if row is not None and row.person is not None else ()
            if before == self._changes:
                return self._keep(row, members, now)

    def _keep(
        self, row: TokenRow | None, members: Sequence[MemberRow], now: float
    ) -> tuple[TokenRow, Sequence[MemberRow], float] | None:
        if row is None:
            return None
        if len(self._kept) >= KEPT_MAX:
            self._kept.clear()
        kept = self._kept[row.id] = (row, members, now)
        assert len(self._kept) <= KEPT_MAX, "what is kept is bounded"
        return kept
