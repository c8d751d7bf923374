"""Frames that one client with no good will may send: honest ones with bytes changed, and ones made of the grammar."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence

from crdt.documents.pycrdt_document import DocumentKind
from crdt.sync.y_sync import encode_awareness_frame, encode_control, encode_step1, encode_step2, encode_update
from crdt.updates.lib0 import Writer
from tests.crdt.raw import CLIENTS, HUGE, hostile, mutated

NAMES = ("hello", "intent", "seen", "composing", "acknowledge", "", "welcome")
FIELDS = (
    "n",
    "kind",
    "text",
    "seen",
    "needs",
    "scope",
    "refs",
    "expects",
    "value",
    "deadline",
    "lane",
    "secret",
    "on",
    "intents",
)
ODD = (
    None,
    0,
    1,
    -1,
    2**53,
    1e308,
    "",
    "do",
    "undo",
    "x" * 200,
    [],
    [1],
    {},
    {"doc": "text"},
    True,
    "\ud83d",
    ["L1"],
    [[["a"]]],
)
STATES = (
    "null",
    "{}",
    '{"user":{"name":"x"}}',
    "[",
    "[1]",
    '"\\ud83d"',
    '{"cursor":{"anchor":null}}',
    '{"a":' * 90 + "1" + "}" * 90,
)


def frame_of(
    chance: random.Random, kind: DocumentKind, state: Mapping[int, int], honest: Sequence[bytes]
) -> bytes | str:
    """Return one frame for a document that holds `state`; `honest` are updates of stock clients."""
    draw = chance.random()
    if draw < 0.66:
        encode = encode_update if chance.random() < 0.8 else encode_step2
        return encode(hostile(chance, kind, state, honest))
    if draw < 0.76:
        return encode_step1(_vector(chance, state))
    if draw < 0.84:
        return encode_awareness_frame(_awareness(chance))
    if draw < 0.92:
        return encode_control(_control(chance).encode("utf-8", "replace"))
    frame = encode_update(hostile(chance, kind, state, honest))
    if draw < 0.98:
        return mutated(chance, frame)
    if draw < 0.99:
        return bytes(chance.randrange(256) for _ in range(chance.randrange(40)))
    return _control(chance)


def _vector(chance: random.Random, state: Mapping[int, int]) -> bytes:
    entries = [
        (client, max(0, clock - chance.choice((0, 1, 2, 5))))
        for client, clock in state.items()
        if chance.random() < 0.8
    ]
    entries += [(chance.choice(CLIENTS), chance.choice((0, 1, *HUGE))) for _ in range(chance.randrange(3))]
    writer = Writer().var_uint(len(entries))
    for client, clock in entries:
        writer.var_uint(client).var_uint(clock)
    vector = writer.getvalue()
    return mutated(chance, vector) if chance.random() < 0.3 else vector


def _awareness(chance: random.Random) -> bytes:
    count = chance.choice((0, 1, 1, 1, 2, 5))
    writer = Writer().var_uint(count)
    for _ in range(count):
        writer.var_uint(chance.choice(CLIENTS)).var_uint(chance.choice((0, 1, 5, *HUGE))).var_string(
            chance.choice(STATES)
        )
    payload = writer.getvalue()
    return mutated(chance, payload) if chance.random() < 0.3 else payload


def _control(chance: random.Random) -> str:
    message = {"type": chance.choice(NAMES)}
    for field in chance.sample(FIELDS, chance.randrange(6)):
        message[field] = chance.choice(ODD)  # type: ignore[assignment]
    text = json.dumps(message)
    return text if chance.random() < 0.8 else mutated(chance, text.encode()).decode("utf-8", "replace")
