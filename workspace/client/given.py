"""What a program gives a client, looked at before anything is sent: what nobody could send is `Unusable`.

Programs hand over what they have read elsewhere: a variable that is not set, half an emoji, a number out of a table.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, get_args

import msgspec

from crdt.documents.document import Document
from crdt.documents.paths import ABSENT, Path, child_of, dotted
from crdt.documents.pycrdt_document import DocumentKind
from crdt.errors import OffsetOutside, PathMissing, WrongKind
from workspace.client.faults import Unusable
from workspace.client.intent import Message
from workspace.names import COMPOSED_POINTS_MAX
from workspace.protocol.bounded_json import INTEGER_MAX, Malformed
from workspace.protocol.messages import decode_client

# The most that any server takes as one message; what is less and too much for one server is refused there.
MESSAGE_BYTES_MAX = 16 << 20
ORIGIN_POINTS_MAX = 4_000
LOOK = "Look at what was given to the call."


def is_text(value: object) -> bool:
    """Tell whether this is text that can be sent: half of a surrogate pair cannot."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_text(name: str, value: object) -> None:
    """Raise `Unusable` where this is no text, or holds half a character."""
    if not isinstance(value, str):
        raise Unusable("malformed", f"{name} is text, not {type(value).__name__}.", LOOK)
    if not is_text(value):
        raise Unusable("malformed", f"{name} holds half a character (a lone surrogate).", "Give whole characters.")


def check_number(name: str, value: object) -> None:
    """Raise `Unusable` where this is no whole number from 0 to 2^53 - 1."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= INTEGER_MAX:
        raise Unusable("malformed", f"{name} is a whole number, 0 to {INTEGER_MAX}.", LOOK)


def check_document_name(doc: object) -> None:
    """Raise `Unusable` where no document can be asked for by this name; one that older logs hold may be."""
    if not is_text(doc) or not 1 <= len(str(doc)) <= COMPOSED_POINTS_MAX:
        reason = f"This is no name of a document: it is text of 1 to {COMPOSED_POINTS_MAX} whole characters."
        raise Unusable("bad_name", reason, "Give the name that the page shows, as it is written there.")


def check_origin(origin: object) -> None:
    """Raise `Unusable` where this cannot stand in a header."""
    is_given = isinstance(origin, str) and origin.isascii() and origin.isprintable()
    if origin is not None and not (is_given and 1 <= len(str(origin)) <= ORIGIN_POINTS_MAX):
        raise Unusable("malformed", "origin is the address of a page, in ASCII.", "Leave it out, or give another one.")


def check_path(path: object) -> None:
    """Raise `Unusable` where this is no path: at least one key of a map, or place in a list."""
    if not isinstance(path, tuple | list) or not path:
        raise Unusable("malformed", "A path is a tuple of keys and places, at least one.", LOOK)
    for key in path:
        if isinstance(key, int):
            check_number("A place in a list", key)
        else:
            check_text("A key", key)


def check_json(value: Any) -> None:
    """Raise `Unusable` where a value is no JSON, or holds half a character."""
    try:
        msgspec.json.encode(value)
        is_json = _is_json(value)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise Unusable("malformed", f"This cannot be said in JSON: {_words(error)}.", LOOK) from None
    if not is_json:
        reason = "This cannot be said in JSON: null, true, false, finite numbers, text, lists and objects of these are."
        raise Unusable("malformed", reason, LOOK)


def check_place(document: Document, path: Path) -> None:
    """Raise `Unusable` where nothing can be made at a path, before objects on the way are: there is no way back."""
    value: object = document.data_root
    for at, key in enumerate(path):
        value = child_of(value, key)
        if value is ABSENT and any(isinstance(later, int) for later in path[at + 1 :]):
            raise Unusable("path_missing", f"There is nothing at {dotted(path[: at + 1])}.", "Make the list first.")


def check_kind(kind: object) -> None:
    """Raise `Unusable` where this is no kind of document."""
    if kind not in get_args(DocumentKind):
        raise Unusable("malformed", f"kind is one of {', '.join(get_args(DocumentKind))}.", LOOK)


def written(message: Message) -> bytes:
    """Return a message as it is sent. Raises `Unusable` where no server could read it."""
    check_json(message)
    frame = msgspec.json.encode(message)
    read = decode_client(frame, bytes_max=MESSAGE_BYTES_MAX, composing_bytes_max=MESSAGE_BYTES_MAX)
    if isinstance(read, Malformed):
        raise Unusable(read.code, read.reason, "Write it in smaller pieces." if read.code == "too_large" else LOOK)
    return frame


@contextmanager
def as_unusable() -> Iterator[None]:
    """Say of an edit that does not fit its document that it is `Unusable`, with the code that it has there."""
    try:
        yield
    except (OffsetOutside, PathMissing, WrongKind) as error:
        remedy = error.remedy or "Look at the document as it is now."
        raise Unusable(error.code, f"{error.reason[:1].upper()}{error.reason[1:]}.", remedy) from error


def _is_json(value: object) -> bool:
    match value:
        case float():
            return math.isfinite(value)
        case dict():
            return all(isinstance(key, str) and _is_json(part) for key, part in value.items())
        case list() | tuple():
            return all(map(_is_json, value))
        case _:
            return value is None or isinstance(value, bool | int | str)


def _words(error: Exception) -> str:
    return "it holds half a character (a lone surrogate)" if isinstance(error, UnicodeError) else str(error)
