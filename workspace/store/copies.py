"""The copy of a SQLite file that is made beside it before it is migrated.

A copy appears under its name when it is whole and on the disk, and never in the place of another.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Callable
from itertools import count
from pathlib import Path

from workspace.errors import CopyRefused

# A migration needs room of its own: small tables are made anew, and what it writes lies in the WAL first.
RESERVE_BYTES = 16 << 20


def free_bytes(folder: Path) -> int:
    """Return how much an unprivileged process may still write in a folder."""
    return shutil.disk_usage(folder).free


def copy_before(path: Path, version: int, *, free: Callable[[Path], int] = free_bytes) -> Path:
    """Copy a file that is about to be migrated to schema `version`, and return the copy: `NAME.before-VERSION.sqlite`.

    Nobody else may write the file meanwhile. What its WAL holds is in the copy.

    Raises:
        CopyRefused: there is too little space, or the copy cannot be written. Nothing is left of it.
    """
    check_room(path, free=free)
    target = _unused(path, version)
    part = target.with_name(f"{target.name}.part")
    try:
        _remove(part)  # of one that was killed while it copied
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        _copy(path, part)
        part.rename(target)
        _sync(path.parent)
    except (OSError, sqlite3.Error) as error:
        with contextlib.suppress(OSError):
            _remove(part)
        raise refused(path, f"it cannot be copied before it is migrated: {error}") from error
    return target


def check_room(path: Path, *, free: Callable[[Path], int] = free_bytes) -> None:
    """Raise `CopyRefused` unless there is room beside a file for a copy of it, its WAL's part too, and a migration."""
    needed = sum(part.stat().st_size for part in (path, Path(f"{path}-wal")) if part.exists())
    left = free(path.parent)
    if left < needed + RESERVE_BYTES:
        raise refused(
            path,
            f"a copy of {needed:,} bytes and the migration need {needed + RESERVE_BYTES:,} bytes free "
            f"in {path.parent}, and {left:,} are",
        )


def _copy(path: Path, part: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as source,
        contextlib.closing(sqlite3.connect(part)) as copy,
    ):
        source.backup(copy)
    _sync(part)


def _remove(part: Path) -> None:
    for end in ("", "-journal", "-wal", "-shm"):
        Path(f"{part}{end}").unlink(missing_ok=True)


def _unused(path: Path, version: int) -> Path:
    for number in count(1):
        again = f".{number}" if number > 1 else ""
        target = path.with_name(f"{path.stem}.before-{version}{again}{path.suffix}")
        if not target.exists():
            return target
    raise AssertionError("numbers do not end")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def refused(path: Path, reason: str) -> CopyRefused:
    """Return the refusal of a migration for want of room."""
    return CopyRefused(f"{path} is not migrated: {reason}. Nothing was changed. Make room and start again.", retry=True)
