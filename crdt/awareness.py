"""Who is here, and until when: awareness states with authenticated names. Pure; `now` is in seconds.

A session speaks for one Yjs client id, the first it announces, and its `user` is overwritten with who the server knows
it to be. Stock y-websocket sends other clients' entries back; those are ignored without a word. The agent never reads
awareness as authority.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from crdt.digest import Json
from crdt.errors import FrameTooLarge, MalformedFrame
from crdt.wire import Reader, Writer

ENTRIES_MAX = 1_000
STATE_BYTES_MAX = 4_096
CLOCK_MAX = 2**32 - 1
COLOUR_CHARS_MAX = 32
_encoded = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Entry:
    """One client's state; None is gone. Higher clocks win."""

    client: int
    clock: int
    state: dict[str, Json] | None


def decode_awareness(payload: bytes) -> list[Entry]:
    """Return the entries of an awareness update. Raises `MalformedFrame` and `FrameTooLarge`."""
    reader = Reader(payload)
    count = reader.var_uint()
    if count > ENTRIES_MAX:
        raise FrameTooLarge(f"{count} awareness entries, at most {ENTRIES_MAX} are taken")
    entries = []
    for _ in range(count):
        client, clock = reader.var_uint(), reader.var_uint()
        text = reader.var_string()
        entries.append(Entry(client, clock, _state(text)))
    reader.expect_end()
    return entries


def _state(text: str) -> dict[str, Json] | None:
    if len(text) > 16 * STATE_BYTES_MAX:
        raise FrameTooLarge(f"an awareness state has {len(text)} characters")
    try:
        state = json.loads(text, parse_constant=_refuse_constant)
        json.dumps(state, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        # ValueError: no JSON, NaN or 1e999 (which browsers cannot parse back), or half a surrogate pair.
        raise MalformedFrame("an awareness state is not JSON") from error
    if state is not None and not isinstance(state, dict):
        raise MalformedFrame("an awareness state is an object or null")
    return state


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def encode_awareness(entries: Iterable[Entry]) -> bytes:
    """Return an awareness update."""
    listed = list(entries)
    writer = Writer().var_uint(len(listed))
    for entry in listed:
        state = _encoded(entry.state)
        writer.var_uint(entry.client).var_uint(entry.clock).var_string(state)
    return writer.getvalue()


@dataclass(slots=True)
class Presence:
    """The awareness of one document."""

    entries: dict[int, Entry] = field(default_factory=dict)
    heard: dict[int, float] = field(default_factory=dict)
    clients: dict[str, int] = field(default_factory=dict)
    owners: dict[int, str] = field(default_factory=dict)

    def receive(self, session: str, payload: bytes, *, actor: str, now: float) -> bytes | None:
        """Take in what a session says of itself; return the update for everybody, the sender included.

        Raises:
            MalformedFrame, FrameTooLarge: the payload is none, or the state is over 4 KiB.
        """
        for entry in decode_awareness(payload):
            if not self._is_own(session, entry):
                continue
            known = self.entries.get(entry.client)
            if (known is not None and entry.clock < known.clock) or entry.clock > CLOCK_MAX:
                continue
            state = None if entry.state is None else _signed(entry.state, actor)
            kept = Entry(entry.client, entry.clock, state)
            if len(encode_awareness([kept])) > STATE_BYTES_MAX + 64:
                raise FrameTooLarge(f"an awareness state has more than {STATE_BYTES_MAX} bytes")
            self.entries[entry.client] = kept
            self.heard[entry.client] = now
            return encode_awareness([kept])
        return None

    def _is_own(self, session: str, entry: Entry) -> bool:
        own = self.clients.get(session)
        if own is not None:
            return own == entry.client
        if entry.state is None or self.owners.get(entry.client, session) != session:
            return False
        # A client that announces somebody's living entry repeats what it heard; its own is new here.
        self.clients[session] = entry.client
        self.owners[entry.client] = session
        return True

    def place(self, client: int, state: dict[str, Json], *, now: float) -> bytes:
        """Set the server's own entry under `client`; return the update for everybody."""
        known = self.entries.get(client)
        entry = Entry(client, known.clock + 1 if known else 1, state)
        self.entries[client], self.heard[client] = entry, now
        self.owners[client] = ""
        return encode_awareness([entry])

    def leave(self, session: str) -> bytes | None:
        """Forget a session; return the update that says so to everybody."""
        client = self.clients.pop(session, None)
        if client is None:
            return None
        self.owners.pop(client, None)
        known = self.entries.pop(client, None)
        self.heard.pop(client, None)
        # The clock stays: a client that comes back goes on from its own, and must not be behind its own farewell.
        return encode_awareness([Entry(client, known.clock, None)]) if known is not None else None

    def everyone(self) -> bytes | None:
        """Return all entries for somebody who joins; None when nobody is here."""
        present = [entry for entry in self.entries.values() if entry.state is not None]
        return encode_awareness(present) if present else None


def _signed(state: dict[str, Json], actor: str) -> dict[str, Json]:
    """Return a state whose `user` says who it really is; the colour is the client's to choose."""
    user = state.get("user")
    colours = {
        key: value
        for key in ("color", "colorLight")
        if isinstance(user, dict) and isinstance(value := user.get(key), str) and len(value) <= COLOUR_CHARS_MAX
    }
    return {**state, "user": {**colours, "name": actor, "kind": "human"}}
