"""Which store a database address names; the only place that knows the schemes.

An address may hold a password: what is shown of one is `shown(url)`, never the address itself.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from workspace.errors import StoreFault
from workspace.late import load
from workspace.ports import Store
from workspace.store.sql import SCHEME, SqlStore

POSTGRES_SCHEMES = ("postgresql", "postgres")


def store_of(url: str, *, must_exist: bool = False) -> Store:
    """Return the store at an address, not opened yet: `sqlite:///PATH` or `postgresql://USER@HOST/NAME`.

    Opening it makes file, folder and tables where there are none, or, if it `must_exist`, raises `DatabaseMissing`.

    Raises:
        StoreFault: another scheme, or what PostgreSQL needs is not installed.
    """
    scheme = url.partition(":")[0]
    if scheme in POSTGRES_SCHEMES and url.startswith(f"{scheme}://"):
        return _postgres(url, must_exist=must_exist)
    if url.startswith(SCHEME):
        return SqlStore(url, must_exist=must_exist)
    # Only the scheme is repeated: behind it there may be a password.
    raise StoreFault(f"a {scheme!r} database is not supported: use sqlite:///PATH or postgresql://USER@HOST/NAME")


def shown(url: str) -> str:
    """Return an address as people and logs may see it: no user, no password, no options."""
    if url.startswith(SCHEME):
        return url
    scheme = url.partition(":")[0]
    try:
        parts = urlsplit(url)
        host = parts.hostname or "localhost"
    except ValueError:
        return f"{scheme}://…"
    # A password with "/" or "?" in it ends up in the path, or ends the host: then neither is shown.
    if "@" in parts.path + parts.query + parts.fragment:
        return f"{scheme}://…"
    return f"{scheme}://{host}{parts.path}"


def _postgres(url: str, *, must_exist: bool) -> Store:
    try:
        module = load("workspace.store.postgres.store")
    except ModuleNotFoundError as error:
        if error.name != "asyncpg":
            raise
        raise StoreFault("PostgreSQL needs the package asyncpg: pip install 'folkmoot[postgres]'.") from error
    made: Store = module.PostgresStore(url, shown=shown(url), must_exist=must_exist)
    return made
