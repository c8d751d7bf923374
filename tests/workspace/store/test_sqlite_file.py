"""A SQLite file before it is opened: who may not write it hears which place it is and what to do; nothing changes."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.workspace.store.old_databases import make_file
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


def test_a_folder_that_cannot_be_made_is_told_by_the_systems_words(folder: Path) -> None:
    folder.chmod(0o555)
    said = open_as_nobody(folder / "new" / "a.sqlite")
    assert said.startswith("store_fault cannot open")
    assert "Permission denied" in said
