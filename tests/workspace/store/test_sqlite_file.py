"""A SQLite file before it is opened: who may not write it hears which place it is and what to do; nothing changes."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.workspace.store.old_databases import make_file
from workspace.errors import DatabaseMissing, StoreFault
from workspace.store.sqlite_file import prepare

# Root may write everything: the child becomes nobody once all is loaded.
AS_NOBODY = """
import asyncio, importlib, os, sys
from workspace.errors import WorkspaceFault
from workspace.store.sql import SqlStore

for late in ("workspace.store.tables", "workspace.store.migrations.run"):
    importlib.import_module(late)
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    asyncio.run(SqlStore(sys.argv[1]).open())
except WorkspaceFault as fault:
    print(fault.code, fault.reason)
else:
    print("opened")
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Yield a folder that everybody may enter: pytest's own belongs to who runs it alone."""
    made = Path(tempfile.mkdtemp(prefix="folkmoot-rights-"))
    made.chmod(0o755)
    yield made
    made.chmod(0o755)
    shutil.rmtree(made)


def open_as_nobody(path: Path) -> str:
    command = [sys.executable, "-B", "-c", AS_NOBODY, f"sqlite:///{path}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "Traceback" not in done.stderr
    return done.stdout


def content(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@pytest.mark.parametrize("old", ["3", "4"])
def test_an_old_file_in_a_folder_that_may_not_be_written_is_left_alone(folder: Path, old: str) -> None:
    path = make_file(folder / "a.sqlite", old)
    path.chmod(0o666)
    folder.chmod(0o555)
    before = content(folder)
    said = open_as_nobody(path)
    assert said.startswith("database_read_only ")
    assert f"may not read and write {folder}." in said
    assert "Nothing was changed." in said
    assert content(folder) == before


def test_a_file_of_this_version_that_may_not_be_written(folder: Path) -> None:
    path = folder / "a.sqlite"
    prepare(path)
    folder.chmod(0o777)
    for mode in (0o000, 0o444):
        path.chmod(mode)
        said = open_as_nobody(path)
        assert said.startswith("database_read_only ")
        assert f"may not read and write {path}." in said


def test_files_beside_it_that_somebody_else_left(folder: Path) -> None:
    path = folder / "a.sqlite"
    prepare(path)
    folder.chmod(0o777)
    path.chmod(0o666)
    assert open_as_nobody(path) == "opened\n"
    for end in ("-wal", "-shm"):
        beside = Path(f"{path}{end}")
        beside.unlink(missing_ok=True)
        beside.touch()
        beside.chmod(0o400)
        assert f"may not read and write {beside}." in open_as_nobody(path)
        beside.unlink()


@pytest.mark.parametrize("new", ["new", "new/deeper"])
def test_a_folder_that_may_not_be_made_is_told_by_name(folder: Path, new: str) -> None:
    folder.chmod(0o555)
    said = open_as_nobody(folder / new / "a.sqlite")
    assert said.startswith("database_read_only ")
    assert f"may not read and write {folder}." in said
    assert "take another folder with --data" in said


def test_a_folder_that_may_not_be_looked_into_says_what_to_do(folder: Path) -> None:
    (folder / "closed").mkdir(mode=0o700)
    said = open_as_nobody(folder / "closed" / "deeper" / "a.sqlite")
    assert said.startswith(("database_read_only ", "store_fault cannot open"))
    assert "Give" in said
    assert "--data" in said


@pytest.mark.parametrize("must_exist", [False, True])
@pytest.mark.parametrize("below", ["a.sqlite", "deeper/a.sqlite"])
def test_a_file_in_the_way_of_the_folder_says_what_to_do(tmp_path: Path, below: str, must_exist: bool) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StoreFault, match=r"move it away, or take another place with --data") as caught:
        prepare(tmp_path / "file" / below, must_exist=must_exist)
    assert caught.value.code == "store_fault"
    assert str(tmp_path / "file") in caught.value.reason
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_in_the_way_of_the_file_and_a_file_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.sqlite").mkdir()
    with pytest.raises(StoreFault, match="move it away, or take another place with --data or --database"):
        prepare(tmp_path / "a.sqlite")
    (tmp_path / "b.sqlite").write_text("letters, no database at all, and long enough for a page of one" * 20)
    with pytest.raises(StoreFault, match=r"no database of Folkmoot's: take another place"):
        prepare(tmp_path / "b.sqlite")


def test_what_must_exist_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.sqlite"
    with pytest.raises(DatabaseMissing, match="Is --data right") as caught:
        prepare(path, must_exist=True)
    assert caught.value.code == "database_missing"
    assert not path.parent.exists()
    with contextlib.closing(sqlite3.connect(tmp_path / "other.sqlite")) as raw, raw:
        raw.execute("CREATE TABLE mine (a)")
    with pytest.raises(DatabaseMissing, match=r"other\.sqlite is no database of Folkmoot's"):
        prepare(tmp_path / "other.sqlite", must_exist=True)
    prepare(path)
    prepare(path, must_exist=True)
