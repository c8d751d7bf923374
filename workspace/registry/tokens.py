"""Tokens: made once, looked up at every connection and request, revoked at once."""

from __future__ import annotations

from workspace.access import Identity, check_token, format_token, hash_secret, parse_token
from workspace.intents.model.intent import Role
from workspace.intents.model.times import timestamp
from workspace.ports import Clock, Store, TokenRow

FRESH_SECONDS = 2.0
KEPT_MAX = 10_000


class AccessTokens:
    """The tokens in a store. Those looked up lately are kept until `forget`, and two seconds at most.

    On a server `Authority` lets them be forgotten within a second of any change that another process makes. Only tokens
    that exist are kept, so that guesses push none of them out.
    """

    __slots__ = ("_changes", "_clock", "_kept", "_store")

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._kept: dict[str, tuple[TokenRow, float]] = {}
        self._changes = 0

    async def identify(self, token: str | None, ws: str | None) -> Identity | None:
        """Return whose token this is for a workspace (None: for the server), or None when it does not count."""
        parts = parse_token(token) if token else None
        if parts is None:
            return None
        id, secret = parts
        now = self._clock.now()
        row, since = self._kept.get(id, (None, 0.0))
        # A clock that was set back makes what was looked up "later" stale, too.
        if row is None or not since <= now < since + FRESH_SECONDS:
            row = await self._look_up(id, now)
        return check_token(row, secret, ws=ws, now=now)

    async def make(self, ws: str | None, *, actor: str, role: Role, expires: float | None = None) -> str:
        """Make a token, remember its hash, return it: this is the only time it is seen.

        `expires` is unix seconds, None for never; `ws` None makes one of the whole server.
        """
        id, secret = self._clock.token(6), self._clock.token(16)
        created = timestamp(self._clock.now())
        row = TokenRow(id, ws, actor, role, hash_secret(secret), expires, revoked=False, created_at=created)
        await self._store.put_token(row)
        return format_token(id, secret)

    async def revoke(self, ws: str, *, actor: str | None, token_id: str | None) -> list[str]:
        """Revoke the tokens of an actor, or one, of a workspace; return their ids. They count no more from now on."""
        ids = await self._store.revoke(ws, actor=actor, token_id=token_id)
        self.forget()
        return ids

    def forget(self) -> None:
        """Look every token up anew: a workspace was deleted, or tokens of it revoked."""
        self._kept.clear()
        self._changes += 1

    async def _look_up(self, id: str, now: float) -> TokenRow | None:
        """Return a token as it stands when this returns: what a revocation overtakes on its way is asked for again."""
        while True:
            before = self._changes
            row = await self._store.token(id)
            if before == self._changes:
                self._keep(row, now)
                return row

    def _keep(self, row: TokenRow | None, now: float) -> None:
        if row is None:
            return
        if len(self._kept) >= KEPT_MAX:
            self._kept.clear()
        self._kept[row.id] = (row, now)
        assert len(self._kept) <= KEPT_MAX, "what is kept is bounded"
