"""An address chooses the store, and never shows its password."""

from __future__ import annotations

import logging
import subprocess
import sys
import traceback

import pytest

from tests.support.postgres import Postgres
from tests.support.process import free_port
from workspace.errors import DatabaseMissing, StoreFault
from workspace.store.address import shown, store_of
from workspace.store.postgres.store import PostgresStore
from workspace.store.sql import SqlStore

SECRET = "hunter2hunter2"


def test_the_scheme_chooses() -> None:
    assert isinstance(store_of("sqlite:///a.sqlite"), SqlStore)
    assert isinstance(store_of("postgresql://host/name"), PostgresStore)
    assert isinstance(store_of("postgres://host/name"), PostgresStore)


@pytest.mark.parametrize(
    "url", [f"mysql://u:{SECRET}@h/d", f"postgresql+asyncpg://u:{SECRET}@h/d", "file.db", "", "postgresql:x"]
)
def test_an_unknown_database_names_the_two_that_work(url: str) -> None:
    with pytest.raises(StoreFault) as caught:
        store_of(url)
    assert "sqlite:///PATH" in caught.value.reason
    assert "postgresql://USER@HOST/NAME" in caught.value.reason
    assert SECRET not in caught.value.reason


ADDRESSES = [
    f"postgresql://user:{SECRET}@127.0.0.1:1/name",
    f"postgresql://user:{SECRET}@127.0.0.1:port/name",
    f"postgresql://user:{SECRET}@[::1/name",
    f"postgresql://user:x/{SECRET}@127.0.0.1:1/name",
    f"postgresql://user:x?{SECRET}@127.0.0.1:1/name",
    f"postgresql://user:x#{SECRET}@127.0.0.1:1/name",
    f"postgresql://user:x@{SECRET}@127.0.0.1:1/name",
    f"postgresql://127.0.0.1:1/name?user=u&password={SECRET}",
    f"postgresql://127.0.0.1:1/name?user=u&password={SECRET}&sslmode=wrong",
]


@pytest.mark.parametrize("url", ADDRESSES)
async def test_no_password_is_shown_whatever_is_wrong(url: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    store = store_of(url)
    with pytest.raises(StoreFault) as caught:
        await store.open()
    told = [shown(url), repr(store), *traceback.format_exception(caught.value), caplog.text]
    assert SECRET not in "".join(told)


async def test_a_wrong_password_is_told_without_it(postgres: Postgres) -> None:
    url = postgres.url().replace(postgres.password, SECRET)
    with pytest.raises(StoreFault, match="password authentication failed") as caught:
        await store_of(url).open()
    assert not caught.value.retry
    assert SECRET not in "".join(traceback.format_exception(caught.value))


async def test_a_server_that_is_not_there_may_come_back() -> None:
    with pytest.raises(StoreFault, match=r"postgresql://127\.0\.0\.1/name") as caught:
        await store_of(f"postgresql://u@127.0.0.1:{free_port()}/name").open()
    assert caught.value.retry
    assert "See that PostgreSQL runs there" in caught.value.reason
    assert "--database" in caught.value.reason


async def test_what_must_exist_on_postgresql_is_not_made(postgres: Postgres) -> None:
    url = postgres.database()
    for _ in range(2):
        with pytest.raises(DatabaseMissing, match="Is --database right") as caught:
            await store_of(url, must_exist=True).open()
        assert caught.value.code == "database_missing"
    store = store_of(url)
    await store.open()
    await store.close()
    again = store_of(url, must_exist=True)
    await again.open()
    await again.close()


async def test_a_database_that_postgresql_does_not_have_is_told_with_what_to_do(postgres: Postgres) -> None:
    with pytest.raises(StoreFault, match="Make it, empty, with ENCODING 'UTF8', or name another"):
        await store_of(postgres.url("nowhere")).open()


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)


def test_who_keeps_a_file_never_loads_the_package() -> None:
    code = """if True:
        import sys
        import agent.cli, agent.server, agent.commands.records, agent.commands.models, workspace.__main__
        from workspace.store.address import store_of
        store_of("sqlite:///nowhere.sqlite")
        assert "asyncpg" not in sys.modules"""
    done = run(code)
    assert done.returncode == 0, done.stderr


def test_a_missing_package_says_what_to_install() -> None:
    code = """if True:
        import sys
        sys.modules["asyncpg"] = None
        from agent.cli import app
        app(["log", "demo", "--database", "postgresql://u@127.0.0.1:1/x"])"""
    done = run(code)
    assert done.returncode == 1
    assert "pip install 'folkmoot[postgres]'" in done.stderr
    assert "Traceback" not in done.stderr
