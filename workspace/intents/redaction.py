"""Take somebody's words out of the log without breaking its chain (semantics §6).

A record's hash covers its body only through the body's SHA-256. A blanked body keeps that hash beside what is left of
it, and a `config` record further down names the hash of what is left: so the chain still verifies, what is left is
itself sealed, and everybody sees that something was taken out, by whom, and when.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from crdt.digest import Json, canonical, sha256_of
from workspace.intents.record import BLANKED, IntentBody, Row, body_parts, read_row

BLANK = "[redacted]"
QUOTED_POINTS_MIN = 8
KEPT_KINDS = frozenset({"update", "commit", "config", "checkpoint", "effect"})
_SHA = re.compile(r"sha256:[0-9a-f]{64}")


class Redaction(msgspec.Struct, frozen=True):
    """What taking one intent's words out changes: new bodies by `seq`, and what the archive must forget."""

    bodies: dict[int, str]
    blobs: tuple[str, ...]

    def hashes(self) -> dict[str, str]:
        """Return the SHA-256 of each new body by `seq`, as the `config` record names them."""
        return {str(seq): sha256_of(body.encode()) for seq, body in sorted(self.bodies.items())}


def redact(rows: Iterable[Row], intent: str) -> Redaction | None:
    """Return what takes the words of an intent out of a log; None when there is no such intent.

    Words of eight characters or more are blanked wherever a record quotes them, shorter ones only where they stand
    alone. Documents and their journal are not touched: what the agent wrote is edited like any text.
    """
    kept = list(rows)
    texts = [
        body for row in kept if row.kind == "intent" for body in [read_row(row).body] if isinstance(body, IntentBody)
    ]
    found = next((body for body in texts if body.id == intent), None)
    if found is None:
        return None
    words = {part for part in (found.text, found.value or "", *(s.quote for s in found.scope or ())) if part}
    bodies: dict[int, str] = {}
    blobs: set[str] = set()
    for row in kept:
        if row.kind in KEPT_KINDS:
            continue
        text, sha = body_parts(row)
        value = msgspec.json.decode(text)
        if row.kind == "oracle" and intent in str(value.get("opened", "")) + str(value.get("intent", "")):
            blobs |= set(_SHA.findall(text))
        blank = _blanked(value, words)
        if blank != value:
            bodies[row.seq] = f'{BLANKED}{sha}","body":{canonical(blank).decode()}}}'
    return Redaction(bodies, tuple(sorted(blobs)))


def _blanked(value: Json, words: set[str]) -> Json:
    """Return a JSON value without these words; keys and ids stay."""
    if isinstance(value, str):
        for word in sorted(words, key=len, reverse=True):
            if value == word:
                return BLANK
            if len(word) >= QUOTED_POINTS_MIN:
                value = value.replace(word, BLANK)
        return value
    if isinstance(value, list):
        return [_blanked(part, words) for part in value]
    if isinstance(value, dict):
        return {key: _blanked(part, words) for key, part in value.items()}
    return value
