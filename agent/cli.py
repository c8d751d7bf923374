"""The command line: serve, look into a log, verify and replay it, make tokens, try it out.

Only what `folkmoot --help` needs is imported here; each command loads its own part (`agent.commands`), because the
server, the database and the terminal's colours take seconds to import.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from workspace.late import load

app = typer.Typer(
    name="folkmoot",
    help="A self-hosted server for workspaces that many people and an AI agent share.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
agent_app = typer.Typer(help="Stop the agent, let it go on, say how it stands.", no_args_is_help=True)
app.add_typer(agent_app, name="agent")
Database = Annotated[
    str | None,
    typer.Option("--database", help="sqlite:///PATH or postgresql://USER@HOST/NAME; default: a file in --data."),
]
Data = Annotated[Optional[Path], typer.Option("--data", help="Folder for the database [./folkmoot-data].")]  # noqa: UP045
Workspace = Annotated[str, typer.Argument(help="The workspace's id.")]
OneOrAll = Annotated[
    Optional[str], typer.Option("--workspace", "-w", help="Only in this workspace; default: on the whole server.")  # noqa: UP045
]
ActorName = Annotated[str, typer.Option("--actor", help="Who does it, as people and the log are told.")]


def _run(module: str, call: str, *values: Any) -> None:
    """Run a command's function and leave with the exit code it returns."""
    raise typer.Exit(getattr(load(f"agent.commands.{module}"), call)(*values))


@app.command()
def serve(
    host: Annotated[Optional[str], typer.Option(help="Address to listen on [127.0.0.1].")] = None,  # noqa: UP045
    port: Annotated[Optional[int], typer.Option(min=0, max=65535, help="Port to listen on [8000].")] = None,  # noqa: UP045
    database: Database = None,
    data: Data = None,
    is_open: Annotated[bool, typer.Option("--open", help="Let everybody in without a token.")] = False,
    origin: Annotated[Optional[list[str]], typer.Option(help="Another origin whose pages may connect.")] = None,  # noqa: UP045
) -> None:
    """Serve workspaces until Ctrl+C; prints a link for the owner at the first start."""
    _run("serve", "serve", host, port, database, data, is_open, tuple(origin or ()))


@app.command()
def demo(
    story: Annotated[
        bool, typer.Option("--story", help="Act a conflict out in the terminal, without a browser.")
    ] = False,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
    data: Data = None,
    seed: Annotated[int, typer.Option(help="Random delays of the story.")] = 1,
) -> None:
    """Start a server with a workspace to try, and print a link for each of three people."""
    if story:
        _run("demo", "story", seed)
    _run("demo", "demo", host, port, data)


@app.command()
def token(
    workspace: Annotated[str, typer.Option("--workspace", "-w", help="Made where it does not exist.")],
    actor: Annotated[str, typer.Option(help="The person's or bot's name.")],
    role: Annotated[str, typer.Option(help="owner, editor, commenter or viewer.")] = "editor",
    expires: Annotated[Optional[str], typer.Option(help="ISO 8601 date and time; default: never.")] = None,  # noqa: UP045
    is_new: Annotated[
        bool, typer.Option("--new", help="Make the database too, before a server's first start.")
    ] = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Make a token and print it; also beside a running server."""
    _run("records", "token", workspace, actor, role, expires, database, data, is_new)


@app.command()
def log(
    ws: Workspace,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as records come.")] = False,
    kind: Annotated[Optional[str], typer.Option(help="Only this kind of record.")] = None,  # noqa: UP045
    first: Annotated[int, typer.Option("--from", min=1, help="First seq.")] = 1,
    raw: Annotated[bool, typer.Option("--json", help="One JSON record a line.")] = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Print a workspace's log: who asked for what, what was decided, what was done."""
    _run("records", "log", ws, follow, kind, first, raw, database, data)


@app.command()
def verify(ws: Workspace, database: Database = None, data: Data = None) -> None:
    """Recompute a workspace's whole log: hash chain, document bytes, the state at every commit."""
    _run("records", "verify", ws, database, data)


@app.command()
def replay(
    ws: Workspace,
    to: Annotated[Optional[int], typer.Option(min=1, help="Stop after this seq.")] = None,  # noqa: UP045
    policy: Annotated[str, typer.Option(help="Decide again by these, e.g. 'first' or 'priority,ask'.")] = "",
    database: Database = None,
    data: Data = None,
) -> None:
    """Print documents and board as they were after a seq, or what another policy would have decided."""
    if policy:
        _run("records", "what_if", ws, policy, database, data)
    _run("records", "replay", ws, to, database, data)


@app.command()
def blame(
    ws: Workspace,
    document: Annotated[str, typer.Argument(help="The document.")],
    words: Annotated[str, typer.Argument(help="Words of a text, or the dotted path of a value.")] = "",
    at: Annotated[Optional[int], typer.Option(min=1, help="As of this seq.")] = None,  # noqa: UP045
    database: Database = None,
    data: Data = None,
) -> None:
    """Print who wrote this, who told the agent to, and what each had seen."""
    _run("records", "blame", ws, document, words, at, database, data)


@app.command()
def usage(ws: Workspace, database: Database = None, data: Data = None) -> None:
    """Print what models have cost: per verdict, model, author; what routing saved."""
    _run("models", "usage", ws, database, data)


@app.command(name="scripted-model")
def scripted_model(
    scenario: Annotated[Path, typer.Argument(help="A .toml or .json file of replies; see docs/models.md.")],
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8400,
) -> None:
    """Serve a model that answers from a file, for tests and for work offline."""
    _run("models", "scripted_model", scenario, host, port)


@app.command()
def doctor(
    database: Database = None,
    data: Data = None,
    port: Annotated[Optional[int], typer.Option(min=0, max=65535, help="The port to look at [8000].")] = None,  # noqa: UP045
) -> None:
    """Check database, disk, page and models, and say what to do about each."""
    _run("models", "doctor", database, data, port)


@agent_app.command(name="stop")
def stop_agent(
    workspace: OneOrAll = None,
    reason: Annotated[str, typer.Option(help="Why, for everybody who waits: one line.")] = "",
    actor: ActorName = "operator",
    database: Database = None,
    data: Data = None,
) -> None:
    """Stop the agent at once: plans, calls to models and effects; people go on. Also beside a running server."""
    _run("agent_stop", "stop", workspace, reason, actor, database, data)


@agent_app.command(name="start")
def start_agent(
    workspace: OneOrAll = None, actor: ActorName = "operator", database: Database = None, data: Data = None
) -> None:
    """Let the agent go on: what was cut off is taken up, what waits leaves, once."""
    _run("agent_stop", "start", workspace, actor, database, data)


@agent_app.command(name="status")
def agent_status(workspace: OneOrAll = None, database: Database = None, data: Data = None) -> None:
    """Say where the agent is stopped, by whom and why; exit code 3 where it is."""
    _run("agent_stop", "status", workspace, database, data)


def main() -> None:
    """Entry point of the console script."""
    app()
