"""`folkmoot serve`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import msgspec

from agent.demo.seed import DEMO
from agent.model_settings import ModelSettings, read_model_settings
from agent.server import fast_loop, serving, take_short_turns, tune_garbage_collector
from workspace.errors import (
    CopyRefused,
    DatabaseMissing,
    DatabaseNewer,
    DatabaseReadOnly,
    LogNewer,
    MigrationFailed,
    RecordUnknown,
    StoreFault,
    WorkspaceFault,
)
from workspace.http.pages import assets
from workspace.registry.registry import RoomRegistry
from workspace.settings import Settings, check_url, read_networks, read_origins, read_root_path, read_settings

# Their code stands in a table of docs/upgrading.md, with what to do.
TOLD_IN_UPGRADING = (
    DatabaseNewer, DatabaseReadOnly, DatabaseMissing, CopyRefused, MigrationFailed, LogNewer, RecordUnknown,
)  # fmt: skip


def settings_of(
    host: str | None, port: int | None, database: str | None, data: Path | None, *, is_open: bool = False
) -> Settings:
    """Return the environment's settings with the command line's on top. Raises ValueError."""
    given = {"host": host, "port": port, "database": database, "data": str(data) if data else None}
    changes = {name: value for name, value in given.items() if value is not None}
    if data is not None and database is None:
        changes["database"] = ""
    if is_open:
        changes["is_open"] = True
    return msgspec.structs.replace(read_settings(os.environ), **changes)


def behind(settings: Settings, root_path: str | None, forwarded_allow_ips: str | None) -> Settings:
    """Return settings with what the command line says of a proxy. Raises ValueError."""
    if root_path is not None:
        settings = msgspec.structs.replace(settings, root_path=read_root_path(root_path))
    if forwarded_allow_ips is not None:
        settings = msgspec.structs.replace(settings, forwarded_allow_ips=read_networks(forwarded_allow_ips))
    return check_url(settings)


def complain(text: str) -> int:
    """Print an error that says what to do, and return the exit code."""
    print(f"folkmoot: {text}", file=sys.stderr)
    return 1


def explain(fault: WorkspaceFault) -> int:
    """Print a fault, with its code where docs/upgrading.md says more about it, and return the exit code."""
    return complain(f"{fault.reason} [{fault.code}]" if isinstance(fault, TOLD_IN_UPGRADING) else fault.reason)


def port_taken(settings: Settings, error: OSError) -> int:
    """Explain a port that cannot be listened on."""
    where = f"{settings.host}:{settings.port}"
    return complain(
        f"cannot listen on {where}: {error.strerror}. Choose another with --port, or --port 0 for a free one."
    )


def serve(
    host: str | None,
    port: int | None,
    database: str | None,
    data: Path | None,
    is_open: bool,
    origins: tuple[str, ...],
    root_path: str | None = None,
    forwarded_allow_ips: str | None = None,
) -> int:
    """Serve until Ctrl+C."""
    try:
        settings = settings_of(host, port, database, data, is_open=is_open)
        settings = behind(settings, root_path, forwarded_allow_ips)
        models = read_model_settings(os.environ)
        with asyncio.Runner(loop_factory=fast_loop()) as runner:
            runner.run(
                _serve(msgspec.structs.replace(settings, origins=(*settings.origins, *read_origins(origins))), models)
            )
    except OSError as error:
        return port_taken(settings, error)
    except StoreFault as fault:
        return explain(fault)
    except ValueError as error:
        return complain(str(error))
    except KeyboardInterrupt:
        pass
    return 0


async def _serve(settings: Settings, models: ModelSettings) -> None:
    tune_garbage_collector()
    take_short_turns()
    async with serving(settings, models=models, signals=True) as server:
        for line in await greeting(server.registry, server.url):
            print(line, flush=True)
        await server.task


async def greeting(registry: RoomRegistry, url: str) -> list[str]:
    """Return what is said at the start; the first start makes a workspace and its owner's link."""
    lines = [f"Folkmoot listens on {url}"]
    # A link is for people: where they reach the server, as far as it has been told.
    url = registry.settings.url or f"{url}{registry.settings.root_path}"
    if assets() is None:
        lines.append("The page is not built: run 'make web' once (needs Node 20). The API works without it.")
    if registry.planner is not None:
        lines.append(f"Instructions are planned by: {registry.planner.name}")
    if registry.settings.is_open:
        lines.append(f"Open to everybody who reaches it: {url}/w/{DEMO}")
    # Who has tried the demo first, or made tokens for one workspace, has nobody yet who owns the server.
    if not any(row.ws is None for row in await registry.store.tokens(DEMO)):
        if await registry.store.workspace(DEMO) is None:
            await registry.create(DEMO, name="First workspace", actor="owner", documents={"plan": "text"})
        token = await registry.tokens.make(None, actor="owner", role="owner")
        lines += [f"Owner's link (shown this once): {url}/w/{DEMO}#token={token}"]
    lines.append("More people: folkmoot token --workspace demo --actor NAME --role editor")
    return lines
