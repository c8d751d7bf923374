"""Line ends: a text that enters is kept with `\\n` alone, so that every editor counts the same places in it."""

from __future__ import annotations

import re

_LINE_END = re.compile(r"\r\n?")


def with_plain_line_ends(text: str) -> str:
    """Return a text whose lines end in `\\n`, where they ended in `\\r\\n` or `\\r`."""
    return _LINE_END.sub("\n", text) if "\r" in text else text
