"""Every error of the machine beneath a database comes with what to do about it."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from workspace.store.advice import advice, is_full, lowest_there_is


def of_sqlite(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("words")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    "number, words",
    [
        (errno.EEXIST, "move it away"),
        (errno.ENOTDIR, "move it away"),
        (errno.EACCES, f"Give user {os.geteuid()} the right to"),
        (errno.EROFS, "mounted to be read only"),
        (errno.ENOSPC, "Make room"),
        (errno.ENAMETOOLONG, "take another place with --data"),
    ],
)
def test_an_error_with_a_number_has_a_remedy(number: int, words: str) -> None:
    assert words in advice(OSError(number, os.strerror(number)))


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_no_error_of_the_system_is_without_one(number: int) -> None:
    said = advice(OSError(number, os.strerror(number)))
    assert said.endswith(".")
    assert "--data" in said or "Make room" in said


@pytest.mark.parametrize(
    "code, words",
    [
        (sqlite3.SQLITE_FULL, "Make room"),
        (sqlite3.SQLITE_IOERR_SHMSIZE, "Make room"),
        (sqlite3.SQLITE_NOTADB, "no database of Folkmoot's"),
        (sqlite3.SQLITE_BUSY, "Another process holds it"),
        (sqlite3.SQLITE_CANTOPEN, "--data"),
    ],
)
def test_an_error_of_sqlite_has_one_too(code: int, words: str) -> None:
    assert words in advice(of_sqlite(code))


def test_only_a_disk_that_takes_nothing_more_is_full() -> None:
    assert is_full(of_sqlite(sqlite3.SQLITE_FULL))
    assert is_full(of_sqlite(sqlite3.SQLITE_IOERR_WRITE))
    assert is_full(OSError(errno.ENOSPC, ""))
    assert not is_full(of_sqlite(sqlite3.SQLITE_BUSY))
    assert not is_full(of_sqlite(sqlite3.SQLITE_IOERR_READ))
    assert not is_full(sqlite3.OperationalError("made by hand"))
    assert not is_full(OSError(errno.EACCES, ""))
    assert not is_full(None)


def test_the_lowest_folder_there_is(tmp_path: Path) -> None:
    assert lowest_there_is(tmp_path) == tmp_path
    assert lowest_there_is(tmp_path / "a" / "b") == tmp_path
    assert lowest_there_is(Path("nowhere/at/all")) == Path(".")
