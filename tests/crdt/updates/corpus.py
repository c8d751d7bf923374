"""Updates that stock Yjs has made (`make_yjs_updates.mjs`), and ways to change their bytes."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import strategies as st

CORPUS = json.loads((Path(__file__).parent / "yjs_updates.json").read_text())


TAKEN = [case for case in CORPUS if not case.get("refused")]


REFUSED = [case for case in CORPUS if case.get("refused")]


EDIT = st.tuples(
    st.sampled_from(["set", "set", "flip", "cut", "add", "end"]), st.integers(0, 9999), st.integers(0, 255)
)


EDITS = st.lists(EDIT, min_size=1, max_size=4)


def mutated(data: bytes, edits: list[tuple[str, int, int]]) -> bytes:
    """Return bytes with some of them set, flipped, cut, added or ended."""
    changed = bytearray(data)
    for kind, at, value in edits:
        at %= len(changed) + 1
        match kind:
            case "set":
                changed[at : at + 1] = bytes([value])
            case "flip" if at < len(changed):
                changed[at] ^= 1 << value % 8
            case "cut":
                del changed[at : at + 1 + value % 4]
            case "add":
                changed[at:at] = bytes([value])
            case "end" if value < 40:
                del changed[at:]
    return bytes(changed)
