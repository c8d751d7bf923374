"""Line ends: a text that enters is kept with `\\n` alone, so that every editor counts the same places in it.

CodeMirror counts `\\r\\n` once and Yjs twice (decision 82). What a stock client has typed stays as it is.
"""

from __future__ import annotations

import re

_LINE_END = re.compile(r"\r\n?")


def normalise_line_ends(text: str) -> str:
    """Return a text whose lines end in `\\n`, where they ended in `\\r\\n` or `\\r`."""
    plain = _LINE_END.sub("\n", text) if "\r" in text else text
    assert "\r" not in plain, "every form of a line end was put in its place"
    return plain
