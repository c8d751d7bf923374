"""Commands around models: what they cost, a scripted one to try things offline, and whether the set-up works."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from rich.console import Console
from rich.table import Table

from agent.commands.records import must_exist, with_store
from agent.commands.serve import TOLD_IN_UPGRADING, complain, settings_of
from agent.gateway.assembly import Assembly
from agent.gateway.call import Call, CallFailed
from agent.model_settings import ModelSettings, make_gateway, read_model_settings
from agent.scripted.scenario import BadScenario, read_scenario
from agent.scripted.server import ScriptedModel
from agent.server import bind
from workspace.clock import SystemClock
from workspace.errors import DatabaseMissing, WorkspaceFault
from workspace.history.read import read_all
from workspace.http.pages import assets
from workspace.intents.audit.usage_report import report
from workspace.intents.model.times import day_of
from workspace.intents.state.replay import fold_log
from workspace.ports import Store
from workspace.settings import Settings
from workspace.store.address import shown, store_of
from workspace.store.advice import lowest_there_is
from workspace.store.sql import SCHEME, path_of

FREE_BYTES_MIN = 256 << 20
ANSWER_SECONDS = 30.0


def usage(ws: str, database: str | None, data: Path | None) -> int:
    """Print what models have cost a workspace."""

    async def work(store: Store) -> int:
        await must_exist(store, ws)
        rows, journal = await read_all(store, ws)
        fold = fold_log(rows, journal)
        account: dict[str, Any] = report(fold.usage, fold.board, fold.budget, day=day_of(SystemClock().now()))
        console = Console(highlight=False, soft_wrap=True)
        if not account["total"]["calls"]:
            console.print(f"No model was asked in {ws} yet.")
            return 0
        _print_account(console, ws, account)
        return 0

    return with_store(database, data, work)


def _print_account(console: Console, ws: str, account: dict[str, Any]) -> None:
    for title, rows in (
        ("by model", account["by_model"]),
        ("by author", account["by_author"]),
        ("by purpose", account["by_purpose"]),
        ("by prompt", account["by_prompt"]),
        ("by outcome", account["by_outcome"]),
    ):
        table = Table(title.removeprefix("by "), "calls", "tokens in", "cached", "out", "US$", title=f"{ws} {title}")
        for name, line in rows.items():
            cells = (line["calls"], line["in"], line["cached"], line["out"], f"{line['cost']:.6f}")
            table.add_row(name, *map(str, cells))
        console.print(table)
    table = Table("verdict", "instructions", "US$", "US$ each", title="Cost per verdict")
    for state, own in account["verdicts"].items():
        table.add_row(state, str(own["intents"]), f"{own['cost']:.6f}", f"{own['each']:.6f}")
    console.print(table)
    saved, failures, shadows = account["saved"], account["failures"], account["shadows"]
    share = f" ({saved['share']:.0%})" if saved["share"] is not None else ""
    console.print(f"Routing saved ${saved['saved']:.6f}{share} against the strongest model, for what was done.")
    console.print(f"Failed calls cost ${failures['cost']:.6f}, shadow calls ${shadows['cost']:.6f}.")


def scripted_model(scenario: Path, host: str, port: int) -> int:
    """Serve a scripted model until Ctrl+C."""
    try:
        script = read_scenario(scenario)
        listener = bind(host, port)
    except BadScenario as bad:
        return complain(str(bad))
    except OSError as error:
        return complain(f"cannot listen on {host}:{port}: {error.strerror}. Choose another with --port.")
    url = f"http://{host}:{listener.getsockname()[1]}"
    print(f"A scripted model with {len(script.replies)} replies listens on {url}", flush=True)
    print(f"Use it: ANTHROPIC_BASE_URL={url} folkmoot serve", flush=True)
    server = uvicorn.Server(uvicorn.Config(ScriptedModel(script).app, log_level="critical", access_log=False))
    try:
        asyncio.run(server.serve(sockets=[listener]))
    except KeyboardInterrupt:
        pass
    return 0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a doctor looked at. `is_good` None is a remark: nothing is broken."""

    is_good: bool | None
    what: str
    remedy: str = ""


def doctor(database: str | None, data: Path | None, port: int | None) -> int:
    """Look at database, disk, page and models; print what to do; 1 when something is broken."""
    try:
        settings = settings_of(None, port, database, data)
        models = read_model_settings(os.environ)
    except ValueError as error:
        return complain(str(error))
    findings = asyncio.run(_examine(settings, models))
    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        mark = {True: "[green]✓[/]", False: "[red]✗[/]", None: "[yellow]·[/]"}[finding.is_good]
        console.print(f"{mark} {finding.what}")
        if finding.remedy:
            console.print(f"    → {finding.remedy}")
    return 1 if any(finding.is_good is False for finding in findings) else 0


async def _examine(settings: Settings, models: ModelSettings) -> list[Finding]:
    findings: list[Finding] = []
    checks: list[Callable[[], Awaitable[list[Finding]]]] = [
        lambda: _database(settings),
        lambda: _machine(settings),
        lambda: _models(models),
    ]
    for check in checks:
        findings += await check()
    return findings


async def _database(settings: Settings) -> list[Finding]:
    try:
        store = store_of(settings.database_url, must_exist=True)
        await store.open()
        names = [row.id for row in await store.workspaces()]
        await store.close()
    except DatabaseMissing:
        url = settings.database_url
        where = path_of(url).parent if url.startswith(SCHEME) else shown(url)
        remedy = "Nothing to do if that is the right place: `folkmoot serve` makes it. Else mend --data or --database."
        return [Finding(None, f"There is no database in {where} yet.", remedy)]
    except WorkspaceFault as fault:
        if isinstance(fault, TOLD_IN_UPGRADING):
            remedy = f"See {fault.code} in docs/upgrading.md."
        else:
            remedy = "Give another with --database or --data."
        return [Finding(False, f"The database does not open: {fault.reason}", remedy)]
    return [
        Finding(
            True, f"The database {shown(settings.database_url)} opens; workspaces: {', '.join(names) or 'none yet'}."
        )
    ]


async def _machine(settings: Settings) -> list[Finding]:
    found = []
    if settings.database_url.startswith(SCHEME):
        # Where the folder is not there yet it will be on the disk of the one above it.
        free = shutil.disk_usage(lowest_there_is(path_of(settings.database_url).parent)).free
        is_good = free >= FREE_BYTES_MIN
        remedy = "" if is_good else "A full disk makes every workspace read-only: free some space."
        found.append(Finding(is_good, f"{free >> 20} MiB are free for the database.", remedy))
    if assets() is None:
        found.append(Finding(False, "The page is not built.", "Run 'make web' once (needs Node 20)."))
    else:
        found.append(Finding(True, "The page is built."))
    try:
        bind(settings.host, settings.port).close()
        found.append(Finding(True, f"Port {settings.port} on {settings.host} is free."))
    except OSError as error:
        taken = f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}."
        found.append(Finding(None, taken, "Fine if that is Folkmoot itself; else choose another with --port."))
    return found


async def _models(models: ModelSettings) -> list[Finding]:
    """Ask each model of the table for one word, as the server would."""
    if not models.is_on:
        remedy = "Set ANTHROPIC_API_KEY, or ANTHROPIC_BASE_URL for a server of your own, to plan with a model."
        return [Finding(None, "No model is set up: the built-in planner serves.", remedy)]
    try:
        gateway = make_gateway(models)
    except ValueError as error:
        return [Finding(False, str(error), "Mend or unset FOLKMOOT_PRICES.")]
    found: list[Finding] = []
    for model in dict.fromkeys((models.small, models.medium, models.large)):
        call = Call(
            purpose="summarise", prompt="doctor@1", system="Answer with one word.", tools=(),
            messages=({"role": "user", "content": [{"type": "text", "text": "Say ready."}]},), tokens_max=16,
            intents=("doctor",),
        )  # fmt: skip
        assembly = Assembly()
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                reply = await gateway.provider.send(call, model, assembly, lambda _: None)
            cost, by = gateway.prices.cost(model, reply.usage, SystemClock().now())
            found.append(Finding(True, f"{model} answers; that cost ${cost / 1e6:.6f} ({by})."))
        except (CallFailed, TimeoutError) as failed:
            remedy = "Check ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL and the model's name (FOLKMOOT_MODEL)."
            found.append(Finding(False, f"{model} does not answer: {failed or 'too slow'}", remedy))
    await gateway.close()
    return found
