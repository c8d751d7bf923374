"""Who is here, and until when: awareness states with authenticated names. Pure; `now` is in seconds.

A session speaks for one Yjs client id, the first it announces, and its `user` is overwritten with the person that the
server knows (trap 12). Stock y-websocket sends other clients' entries back; those are ignored without a word. The agent
never reads awareness as authority.

Whatever a state holds, its person is present: what is too large or too deep is left out (`crdt.sync.awareness_state`).

Clients drop an entry that was not renewed for 30 s, and browsers throttle the tabs that nobody looks at: so the server
renews what it holds for as long as the socket lives, under clocks that it stamps itself, each above the one before. An
owner is never sent its own state. Where the stamps run ahead of the owner's clock, it is sent its entry as gone: the
protocol has it answer with its state and a clock beyond, so that what it says later is news to everybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from crdt.errors import MalformedFrame
from crdt.sync.awareness_state import AwarenessState, encode_state, read_state, sign_state
from crdt.updates.lib0 import Reader, Writer

ENTRIES_READ_MAX = 50_000
STATE_BYTES_MAX = 16 << 10
# Half of what pycrdt's 32 bits hold: the stamps above it have room.
CLOCK_MAX = 2**31 - 1
LAG_MAX = 1  # so far a stamp may run ahead of its owner's clock before the owner is asked
GONE_MAX = 1_000
NULL = b"null"


@dataclass(frozen=True, slots=True)
class AwarenessEntry:
    """One client's state, None where the client is gone. Of two entries of a client the higher clock wins."""

    client: int
    clock: int
    state: AwarenessState | None
    # The state as it is sent, written once: everybody who comes is sent everybody's.
    text: str | None = field(default=None, compare=False, repr=False)


class Announced(msgspec.Struct, frozen=True):
    """What came of an announcement: the `update` for everybody else, and what was left out of the state and why."""

    update: bytes | None
    problem: str = ""


class Said(NamedTuple):
    """What a session says of itself: its client, the clock it gives and its state as JSON, unread."""

    client: int
    clock: int
    raw: bytes


class Renewal(msgspec.Struct, frozen=True):
    """An entry said again: `update` for all but `session`, whose it is; `question` for that session, where it lags."""

    session: str
    update: bytes
    question: bytes | None


def decode_awareness(payload: bytes) -> list[AwarenessEntry]:
    """Return the entries of an awareness update, mended as `read_state` does. Raises `MalformedFrame`."""
    return [AwarenessEntry(client, clock, read_state(raw)[0]) for client, clock, raw in _entries(payload)]


def _entries(payload: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Walk over the entries, their states unread: others' are ignored anyway."""
    reader = Reader(payload)
    count = reader.var_uint()
    # A client, a clock and a length take a byte each: more than that is a lie, told before anything is read.
    if 3 * count > reader.remaining:
        raise MalformedFrame(f"{count} awareness entries are announced, {reader.remaining} bytes are left")
    for _ in range(min(count, ENTRIES_READ_MAX)):
        yield reader.var_uint(), reader.var_uint(), reader.var_bytes()
    if count <= ENTRIES_READ_MAX:
        reader.expect_end()


def encode_awareness(entries: Iterable[AwarenessEntry]) -> bytes:
    """Return an awareness update."""
    listed = list(entries)
    writer = Writer().var_uint(len(listed))
    for entry in listed:
        text = entry.text if entry.text is not None else encode_state(entry.state)
        writer.var_uint(entry.client).var_uint(entry.clock).var_string(text)
    return writer.getvalue()


@dataclass(slots=True)
class Presence:
    """The awareness of one document: `entries` under the server's clocks, `own` what each client counted itself."""

    state_bytes_max: int = STATE_BYTES_MAX
    entries: dict[int, AwarenessEntry] = field(default_factory=dict)
    own: dict[int, int] = field(default_factory=dict)
    # When each entry was told to everybody last.
    told: dict[int, float] = field(default_factory=dict)
    clients: dict[str, int] = field(default_factory=dict)
    owners: dict[int, str] = field(default_factory=dict)
    # The last clocks of clients that left, newest last: one that comes back is stamped above its farewell.
    gone: dict[int, int] = field(default_factory=dict)

    def receive(self, session: str, payload: bytes, *, actor: str, now: float) -> Announced | None:
        """Take in what a session says of itself; None where that is nothing new.

        Raises:
            MalformedFrame: the payload is no awareness update, or the session's state no JSON.
        """
        said = self.find_own(session, payload)
        return self.take(session, said, actor=actor, now=now) if said is not None else None

    def find_own(self, session: str, payload: bytes) -> Said | None:
        """Return what of an announcement a session says of itself, unread; None where it only repeats others.

        Raises:
            MalformedFrame: the payload is no awareness update.
        """
        said: Said | None = None
        for entry in _entries(payload):
            if said is None and self._is_own(session, entry[0], entry[2]):
                said = Said(*entry)
        return said

    def take(self, session: str, said: Said, *, actor: str, now: float) -> Announced | None:
        """Take in what `find_own` has found; None where that is nothing new, or its client somebody else's by now.

        Raises:
            MalformedFrame: the session's state is no JSON.
        """
        client, clock, raw = said
        if not self._is_own(session, client, raw):
            return None
        state, problem = read_state(raw)
        if state is not None:
            state, left_out = sign_state(state, actor, bytes_max=self.state_bytes_max, bytes_read=len(raw))
            problem = problem or left_out
        self.clients[session], self.owners[client] = client, session
        if clock > CLOCK_MAX or clock < self.own.get(client, 0):
            return None
        known = self.entries.get(client)
        is_repeat = known is not None and known.state == state
        is_ahead = known is not None and clock <= known.clock
        is_old = clock == self.own.get(client)
        self.own[client] = clock
        if is_repeat and (is_ahead or is_old):
            # The server has renewed this already, or it came twice.
            return Announced(None, problem) if problem else None
        return Announced(encode_awareness([self._stamp(client, clock, state, now)]), problem)

    def _is_own(self, session: str, client: int, raw: bytes) -> bool:
        """Tell whether a session may speak for a client: its own, or one that nobody speaks for."""
        own = self.clients.get(session)
        if own is not None:
            return own == client
        # A client that announces another's living entry repeats what it heard; its own is new here.
        return raw != NULL and self.owners.get(client, session) == session

    def _stamp(
        self, client: int, clock: int, state: AwarenessState | None, now: float, text: str | None = None
    ) -> AwarenessEntry:
        """Keep an entry under a clock of the server's, above all that was told of this client, and return it."""
        known = self.entries.get(client)
        text = text if text is not None else encode_state(state)
        # An entry at clock 0 is no news to anybody: clients count from there.
        before = known.clock if known is not None else self.gone.pop(client, 0)
        entry = self.entries[client] = AwarenessEntry(client, max(clock, before + 1), state, text)
        assert entry.clock > before, "higher clocks win: another would be ignored"
        self.told[client] = now
        return entry

    def place(self, client: int, state: AwarenessState, *, now: float, text: str | None = None) -> AwarenessEntry:
        """Set the server's own entry under `client` and return it; `text` is the state as `encode_state` writes it."""
        self.owners[client] = ""
        return self._stamp(client, 1, state, now, text)

    def renew(self, *, now: float, after: float) -> list[Renewal]:
        """Say again what was not told for `after` seconds, of everybody whose socket lives."""
        renewals = []
        for client, entry in list(self.entries.items()):
            session = self.owners.get(client, "")
            if not session or entry.state is None or now - self.told.get(client, now) < after:
                continue
            stamped = self._stamp(client, 0, entry.state, now, entry.text)
            assert stamped.clock == entry.clock + 1, "a renewal is one step on"
            # An owner whose clock lies behind would be ignored by the others: told that it is gone, it jumps ahead.
            lags = stamped.clock - self.own.get(client, 0) > LAG_MAX
            question = encode_awareness([AwarenessEntry(client, stamped.clock, None)]) if lags else None
            renewals.append(Renewal(session, encode_awareness([stamped]), question))
        return renewals

    def leave(self, session: str) -> bytes | None:
        """Forget a session; return the update that says so to everybody."""
        client = self.clients.pop(session, None)
        if client is None:
            return None
        self.owners.pop(client, None)
        known = self.entries.pop(client, None)
        self.own.pop(client, None)
        self.told.pop(client, None)
        if known is None:
            return None
        self.gone[client] = known.clock
        assert client not in self.owners, "nobody speaks for a client that left"
        if len(self.gone) > GONE_MAX:
            del self.gone[next(iter(self.gone))]
        # The clock stays: one that comes back goes on from its own, and must not be behind its own farewell.
        return encode_awareness([AwarenessEntry(client, known.clock, None)])

    def everyone(self) -> bytes | None:
        """Return all entries, for a client that joins; None when nobody is here."""
        present = [entry for entry in self.entries.values() if entry.state is not None]
        return encode_awareness(present) if present else None
