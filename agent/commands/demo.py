"""`folkmoot demo`: a workspace to try in the browser, or a conflict acted out in the terminal."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from agent.commands.serve import complain, explain, port_taken, settings_of
from agent.demo.seed import DEMO, DEMO_NAME, seed
from agent.demo.story import CASUAL, FORMAL, TYPED, StoryResult, tell
from agent.model_settings import ModelSettings, read_model_settings
from agent.server import fast_loop, serving, take_short_turns
from workspace.errors import WorkspaceFault
from workspace.http.pages import assets
from workspace.settings import Settings

COLOURS = {"Ana": "magenta", "Ben": "cyan", "Chen": "green", "agent": "yellow"}


def demo(host: str, port: int, database: str | None, data: Path | None) -> int:
    """Serve a seeded workspace until Ctrl+C. It is kept where all other commands look for it, and goes on there."""
    try:
        settings = settings_of(host, port, database, data)
        with asyncio.Runner(loop_factory=fast_loop()) as runner:
            runner.run(_demo(settings, read_model_settings(os.environ)))
    except OSError as error:
        return port_taken(settings, error)
    except WorkspaceFault as fault:
        return explain(fault)
    except ValueError as error:
        return complain(str(error))
    except KeyboardInterrupt:
        pass
    return 0


async def _demo(settings: Settings, models: ModelSettings) -> None:
    """Serve; raises `ValueError` where somebody has a workspace of that name that is not for trying things in."""
    take_short_turns()
    console = Console(highlight=False, soft_wrap=True)
    async with serving(settings, models=models, signals=True) as server:
        row = await server.registry.store.workspace(DEMO)
        if row is not None and row.name != DEMO_NAME:
            raise ValueError(
                f"the database has a workspace {DEMO} of its own, {row.name!r}. Give it another folder: --data DIR."
            )
        tokens = await seed(server.registry)
        if assets() is None:
            console.print("[yellow]The page is not built: run 'make web' first (needs Node 20).[/yellow]")
        console.print(
            "[bold]Folkmoot is running.[/bold] Open a link; a second one in another window makes two people.\n"
        )
        url = settings.url or f"{server.url}{settings.root_path}"
        for actor, token in tokens.items():
            console.print(f"  [{COLOURS[actor]}]{actor:<5}[/] {url}/w/{DEMO}#token={token}", markup=True)
        console.print(
            '\nTo feel a conflict: as Ben  [italic]replace "three" with "four" in plan after 5 seconds[/italic],\n'
            'as Chen, before it is done,  [italic]replace "three" with "noon" in plan[/italic].\n\n'
            "Ctrl+C stops. It is kept: the next demo goes on with it, [italic]folkmoot log demo[/italic] reads it."
        )
        await server.task


def story(seed_number: int) -> int:
    """Act out two contradictory instructions and a typing human; 0 only if every check holds."""
    console = Console(highlight=False)
    console.print(
        Panel("Ana and Ben instruct one agent at once, Chen types beside them.", title="Two tones, one paragraph")
    )

    def say(who: str, what: str) -> None:
        console.print(Text.assemble((f"{who:>6}  ", f"bold {COLOURS[who]}"), what))

    with tempfile.TemporaryDirectory(prefix="folkmoot-story-") as folder:
        result = asyncio.run(tell(Path(folder), say, seed_number=seed_number))
    _show(console, result)
    return 0 if result.is_good else 1


def _show(console: Console, result: StoryResult) -> None:
    question = result.question
    table = Table("who", "intent", "had seen", "outcome", "told", title=f"Question {question['id']}, and how it ended")
    seen = {part["id"]: part["seen"] for part in question["evidence"]["intents"]}
    for name, asked in result.asked.items():
        verdict = result.verdicts[name]
        told = f"{verdict['reason']} {verdict.get('remedy', '')}"
        table.add_row(name, asked["id"], str(seen[asked["id"]]), verdict["state"], told)
    console.print(table)
    text = Text(result.text)
    text.highlight_words([FORMAL, CASUAL], "bold yellow")
    text.highlight_words([TYPED.strip()], "bold green")
    console.print(Panel(text, title="The document, everywhere"))
    for name, holds in result.checks:
        console.print(f"  [{'green' if holds else 'red'}]{'✓' if holds else '✗'}[/] {name}")
    if result.report is not None:
        console.print(f"\n{result.report.checked} records verified, {result.report.states} states reproduced.")
