"""What to do about an error of the machine beneath a database: a disk, a folder, rights, another server.

The system says what failed, in a word or a number. What a person can do about it stands here, once for every store.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

ELSEWHERE = "take another place with --data or --database"
ROOM = "Make room on that disk and start again."
# What SQLite says when the disk is full: by name, or, where a file cannot grow that it maps into memory, as an error
# of the disk, whose extended codes carry it in their low byte. What cannot be read has nothing to do with room.
_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
_UNREAD = (sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS)
_IN_THE_WAY = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR)
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def is_full(error: BaseException | None) -> bool:
    """Tell whether a disk took nothing more, as far as an error says it: a disk that is broken says the same."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", 0)
        return code & 0xFF in _FULL and code not in _UNREAD
    return isinstance(error, OSError) and error.errno in _NO_ROOM


def advice(error: BaseException) -> str:
    """Return a sentence that says what to do about an error of the file system or of SQLite."""
    if is_full(error):
        return ROOM
    if isinstance(error, sqlite3.Error):
        return {
            sqlite3.SQLITE_NOTADB: f"It is no database of Folkmoot's: {ELSEWHERE}.",
            sqlite3.SQLITE_CORRUPT: "Put a copy of it from before in its place.",
            sqlite3.SQLITE_BUSY: "Another process holds it: end that one, or try again.",
        }.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, f"Look at the disk, or {ELSEWHERE}.")
    number = error.errno if isinstance(error, OSError) else None
    if number in _IN_THE_WAY:
        return f"Something else has that name: move it away, or {ELSEWHERE}."
    if number in (errno.EACCES, errno.EPERM):
        return f"Give user {os.geteuid()} the right to, or {ELSEWHERE}."
    if number == errno.EROFS:
        return f"Its disk is mounted to be read only: mount it to be written, or {ELSEWHERE}."
    return f"Mend that, or {ELSEWHERE}."


def lowest_there_is(path: Path) -> Path:
    """Return `path`, or the lowest of the folders above it that exists: where a new folder would be made."""
    return next((place for place in (path, *path.parents) if os.path.lexists(place)), Path("."))
