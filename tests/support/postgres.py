"""A PostgreSQL of the tests' own: on loopback, in a folder of its own, ended by its own process id."""

from __future__ import annotations

import asyncio
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest

from tests.support.process import free_port
from tests.support.until import NotInTime, until, until_blocking

T = TypeVar("T")
ACCOUNT = "postgres"  # PostgreSQL refuses to run as root; the package makes this account
WAIT_SECONDS = 20.0


def programs() -> Path | None:
    """Return the folder of `initdb` and `postgres`, the newest there is: Debian keeps it out of the PATH."""
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    found = sorted(debian, key=lambda path: int(path.parent.name) if path.parent.name.isdigit() else 0, reverse=True)
    found += [Path(path).parent for path in (shutil.which("initdb"),) if path]
    return next((path for path in found if (path / "postgres").exists() and (path / "initdb").exists()), None)


class Postgres:
    """A server that can be started, stopped, killed and started again; everything in it goes with its folder."""

    def __init__(self, binaries: Path, *, fsync: bool = True) -> None:
        self._fsync = "on" if fsync else "off"
        self._binaries = binaries
        self._folder = Path(tempfile.mkdtemp(prefix="folkmoot-postgres-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._made = 0
        self.password = secrets.token_hex(8)
        self.port = free_port()
        self._as: dict[str, Any] = {}
        if os.getuid() == 0:
            account = pwd.getpwnam(ACCOUNT)
            os.chown(self._folder, account.pw_uid, account.pw_gid)
            self._as = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        secret = self._folder / "password"
        secret.write_text(self.password)
        options = [
            "--username=folkmoot",
            "--auth=scram-sha-256",
            f"--pwfile={secret}",
            "--encoding=UTF8",
            "--no-sync",
            "--wal-segsize=1",
        ]
        self._run("initdb", "-D", str(self._folder / "cluster"), "--locale=C.UTF-8", *options).wait(WAIT_SECONDS)

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [str(self._binaries / program), *arguments],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"},
                **self._as,
            )

    def start(self) -> None:
        """Start, as often as it takes: after a kill the first attempts meet what is left of the one before."""
        try:
            until_blocking(self._answers, seconds=WAIT_SECONDS)
        except NotInTime as failed:
            said = (self._folder / "log").read_text()[-2000:]
            raise AssertionError(f"PostgreSQL does not start: {said}") from failed

    def _answers(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            options = [f"-cport={self.port}", "-clisten_addresses=127.0.0.1", "-cunix_socket_directories="]
            options.append(f"-cfsync={self._fsync}")
            self._process = self._run("postgres", "-D", str(self._folder / "cluster"), *options)
        try:
            self.ask("SELECT 1")
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        return True

    def end(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it by its process id: SIGINT in good order, SIGKILL in full flight."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(WAIT_SECONDS)
            self._process = None

    def remove(self) -> None:
        """End it and take its folder away; it need not write down first what nobody will read."""
        self.end(signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def url(self, database: str = ACCOUNT) -> str:
        """Return the address of a database, password and all."""
        return f"postgresql://folkmoot:{self.password}@127.0.0.1:{self.port}/{database}"

    def database(self) -> str:
        """Make an empty place for tables and return its address: a schema, since a database copies 300 files."""
        self._made += 1
        name = f"test_{self._made}"
        self.ask(f"CREATE SCHEMA {name}")
        return f"{self.url()}?search_path={name}"

    def ask(self, query: str, *values: object) -> list[Any]:
        """Return the rows of a query in the database of all."""
        return ask(self.url(), query, *values)


def running_postgres(*, fsync: bool) -> Iterator[Postgres]:
    """Run a server for a fixture. In CI its absence fails; elsewhere the tests that need it are skipped."""
    binaries = programs()
    if binaries is None:
        assert not os.environ.get("CI"), "PostgreSQL is not installed: Debian's package is called postgresql"
        pytest.skip("PostgreSQL is not installed")
    made = Postgres(binaries, fsync=fsync)
    try:
        made.start()
        yield made
    finally:
        made.remove()


def ask(url: str, query: str, *values: object) -> list[Any]:
    """Return the rows of a query, from whatever code: it runs in a thread and a loop of its own."""

    async def run() -> list[Any]:
        connection = await asyncpg.connect(url, timeout=2)
        try:
            return list(await connection.fetch(query, *values))
        finally:
            await connection.close()

    return elsewhere(run())


async def until_true(url: str, query: str, *values: object) -> None:
    """Wait until a query's first value is true."""
    await until(lambda: ask(url, query, *values), lambda rows: rows[0][0], seconds=WAIT_SECONDS)


def elsewhere(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a thread and a loop of its own, and wait for it."""
    told: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            told.append(asyncio.run(work))
        except BaseException as error:  # noqa: BLE001  it is raised where it was asked for
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return told[0]
