"""Signing in by an issuer: who went there, from which browser, and who they are when they come back.

A person is known by the issuer and its subject, never by an address of mail: addresses are given to somebody else one
day. Whoever was never here becomes a person, and a member of nothing: workspaces are opened by invitations.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Protocol

import msgspec

from workspace.access import Claims, LoginRow, PersonRow, TokenRow
from workspace.errors import Refusal
from workspace.intents.model.times import timestamp
from workspace.names import ACTOR_POINTS_MAX, is_for_people
from workspace.ports import Clock, PeopleRow, Store
from workspace.registry.attempts import Attempts
from workspace.registry.invitations import SESSION_SECONDS
from workspace.registry.people import Told
from workspace.registry.tokens import AccessTokens, entry

# Who went to the issuer and is not back: for so long, and so many at once on this server.
AWAY_SECONDS = 600.0
AWAY_MAX = 2_000
# So many sessions of a person count at once: with another the oldest ends.
SESSIONS_MAX = 50
NO_WAY = Refusal("not_found", "Nobody signs in by an issuer here.", "Ask an owner for a link.")
BUSY = Refusal("rate_limited", "Too many people are signing in.", "Wait a moment and try again.")
OVER = Refusal(
    "sign_in_over",
    "This sign-in was begun elsewhere, or too long ago.",
    "Begin again, in one browser and without delay.",
)
TOO_OFTEN = Refusal("rate_limited", "You have signed in very often of late.", "Wait a minute and sign in again.")
TAKEN = Refusal("login_taken", "This account is somebody else's here already.", "Sign out, then sign in with it.")


class Provider(Protocol):
    """Who says of people who they are: an issuer of OpenID Connect."""

    @property
    def name(self) -> str:
        """How people call it."""

    async def begin(self, *, state: str, nonce: str, verifier: str) -> str:
        """Return where somebody is sent. Raises `workspace.errors.SignInFailed`."""

    async def finish(self, *, code: str, issuer: str, nonce: str, verifier: str, now: float) -> Claims:
        """Return who came back. Raises `workspace.errors.SignInFailed`."""


class Away(msgspec.Struct, frozen=True):
    """Somebody who went to the issuer: the browser's mark (hashed), what must come back, and where they go then."""

    mark: str
    nonce: str
    verifier: str
    ws: str
    until: float
    person: str = ""


class SignedIn(msgspec.Struct, frozen=True):
    """Who came back: the session they were given, how long it lasts, and the workspace they came from."""

    session: str
    seconds: float
    ws: str


class SignIns:
    """The sign-ins of this server; who is away is kept in memory alone."""

    def __init__(
        self,
        provider: Provider | None,
        *,
        store: Store,
        clock: Clock,
        tokens: AccessTokens,
        changes: Attempts,
        told: Told,
    ) -> None:
        self.provider = provider
        self._store = store
        self._clock = clock
        self._tokens = tokens
        # How often each person comes in: every time is kept on record.
        self._changes = changes
        self._told = told
        self._away: dict[str, Away] = {}

    async def begin(self, *, ws: str, person: str = "") -> tuple[str, str] | Refusal:
        """Return where somebody is sent, and the mark that their browser keeps meanwhile.

        `person` is who is to sign in by this account from now on; empty, whoever it belongs to.

        Raises:
            SignInFailed: the issuer does not answer.
        """
        if self.provider is None:
            return NO_WAY
        now = self._clock.now()
        self._away = {state: away for state, away in self._away.items() if now < away.until}
        if len(self._away) >= AWAY_MAX:
            return BUSY
        state, nonce, verifier, mark = (self._clock.token(size) for size in (16, 16, 32, 16))
        where = await self.provider.begin(state=state, nonce=nonce, verifier=verifier)
        self._away[state] = Away(_hash(mark), nonce, verifier, ws, now + AWAY_SECONDS, person)
        return where, mark

    def came_from(self, state: str) -> str:
        """Return the workspace from which somebody went away; empty where nobody did."""
        away = self._away.get(state)
        return away.ws if away is not None else ""

    async def finish(
        self, *, state: str, mark: str, code: str, issuer: str, label: str, place: str
    ) -> SignedIn | Refusal:
        """Return who came back with `code`; once for each who went away, and to the browser they went with alone.

        Raises:
            SignInFailed: what the issuer says does not hold.
        """
        if self.provider is None:
            return NO_WAY
        now, away = self._clock.now(), self._away.get(state)
        if away is None or now >= away.until or not hmac.compare_digest(away.mark, _hash(mark)):
            return OVER
        del self._away[state]
        claims = await self.provider.finish(code=code, issuer=issuer, nonce=away.nonce, verifier=away.verifier, now=now)
        person = await self._person(claims, away.person)
        if isinstance(person, Refusal):
            return person
        if not self._changes.is_allowed(person):
            return TOO_OFTEN
        row, session = self._tokens.draw_session(person, expires=now + SESSION_SECONDS, label=label, place=place)
        ends = await self._oldest(person)
        noted = entry(self._clock, "", person, "signed_in", person, label)
        await self._store.write_people((row, noted), ends=ends)
        if ends:
            await self._told("", ends)
        return SignedIn(session, SESSION_SECONDS, away.ws)

    async def _person(self, claims: Claims, person: str) -> str | Refusal:
        """Return whose account it is: a person of before, the one who asked for it to be theirs, or a new one."""
        known = await self._store.logins(issuer=claims.issuer, subject=claims.subject)
        at = timestamp(self._clock.now())
        if known:
            (login,) = known
            if person and login.person != person:
                return TAKEN
            if login.mail != claims.mail:
                await self._store.write_people((msgspec.structs.replace(login, mail=claims.mail),))
            return login.person
        rows: list[PeopleRow] = []
        if not person:
            person = self._clock.token(6)
            rows = [PersonRow(person, name_of(claims), "", at)]
        rows.append(LoginRow(claims.issuer, claims.subject, person, claims.mail, at))
        rows.append(entry(self._clock, "", person, "login", person, claims.issuer))
        await self._store.write_people(rows)
        return person

    async def _oldest(self, person: str) -> Sequence[str]:
        sessions: list[TokenRow] = await self._store.sessions(person)
        return [row.id for row in sessions[: max(0, len(sessions) + 1 - SESSIONS_MAX)]]


def name_of(claims: Claims) -> str:
    """Return a name for a new person: what the issuer calls them, where it may be one; else they say one later."""
    for name in (claims.name, claims.mail.partition("@")[0]):
        if is_for_people(name[:ACTOR_POINTS_MAX].strip()):
            return name[:ACTOR_POINTS_MAX].strip()
    return ""


def _hash(mark: str) -> str:
    return hashlib.sha256(mark.encode()).hexdigest()
