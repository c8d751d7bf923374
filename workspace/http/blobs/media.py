"""What a file is, by its first bytes and by what was said of it, and how it may be shown. Pure.

A browser that is handed somebody's file must never run it as a page of this server: only pictures of a few kinds are
shown where they are, and only where their bytes say so themselves. Everything else is something to save.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

# So much of a file is looked at.
HEAD_BYTES = 64
UNKNOWN = "application/octet-stream"
# What browsers show without running anything of it. SVG is not among them: it holds scripts.
SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"})
# What curl and forms say of any body.
SAYS_NOTHING = frozenset({"application/x-www-form-urlencoded", ""})
FILENAME_POINTS_MAX = 200
# What no name has: parts of a path, the end of a header's word, what stands for bytes that are no character.
UNNAMED = frozenset('/\\"\N{REPLACEMENT CHARACTER}')
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
)


def media_of(head: bytes, said: str) -> str:
    """Return the media type of a file: what its first bytes are, else what was said, where that claims nothing more.

    A file that is said to be a picture, and does not begin like one, is of no known type.
    """
    sniffed = _sniffed(head)
    named = said.partition(";")[0].strip().lower()
    if sniffed:
        return sniffed
    return UNKNOWN if named in SAYS_NOTHING or named in SHOWN or not _TYPE.fullmatch(named) else named


def _sniffed(head: bytes) -> str:
    for signature, media in _SIGNATURES:
        if head.startswith(signature):
            return media
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return "image/avif" if head[4:12] in (b"ftypavif", b"ftypavis") else ""


def is_filename(text: str) -> bool:
    """Tell whether a file may go by a name: at most 200 printable characters, no path. Empty is none.

    Nor blanks alone, nor with a character in it that could not be read where it came from (U+FFFD).
    """
    if not text:
        return True
    is_seen = bool(text.strip()) and text not in {".", ".."}
    return len(text) <= FILENAME_POINTS_MAX and text.isprintable() and is_seen and not set(text) & UNNAMED


def disposition(media: str, filename: str, *, is_saved: bool) -> str:
    """Return how a browser is to take a file: shown where it is, or saved, under a name (RFC 6266)."""
    how = "inline" if media in SHOWN and not is_saved else "attachment"
    if not filename:
        return how
    assert is_filename(filename), "a name that is kept was looked at"
    plain = unicodedata.normalize("NFKD", filename).encode("ascii", "ignore").decode().replace("%", "_") or "file"
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
