"""`folkmoot admin` on the command line: its words and options; what it does is `agent.commands.admin`."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from agent.options import ActorName, Data, Database, run

admin_app = typer.Typer(
    help="Look at the whole server: workspaces, sizes, keys, the last backup; end keys. Also beside a running one.",
    invoke_without_command=True,
)
AsJson = Annotated[bool, typer.Option("--json", help="JSON, as /api/admin has it.")]
NotedAct = Annotated[
    str,
    typer.Argument(
        metavar="ACT",
        help="backup: a copy was made; anchor: a log's head was put where this server cannot change it.",
    ),
]
Find = Annotated[str, typer.Option("--find", help="Only those with these words in a name or an id.")]


@admin_app.callback()
def show(
    context: typer.Context, find: Find = "", raw: AsJson = False, database: Database = None, data: Data = None
) -> None:
    """Print the server and its workspaces; also with no server running."""
    if context.invoked_subcommand is None:
        run("admin", "show", find, raw, database, data)


@admin_app.command(name="sessions")
def list_sessions(find: Find = "", raw: AsJson = False, database: Database = None, data: Data = None) -> None:
    """Print every token and session that counts, the newest first; never a secret."""
    run("admin", "sessions", find, raw, database, data)


@admin_app.command(name="end")
def end_session(
    key: Annotated[str, typer.Argument(metavar="ID", help="As `admin sessions` prints it.")],
    actor: ActorName = "operator",
    database: Database = None,
    data: Data = None,
) -> None:
    """End a token or session; what goes on under it is over within a second."""
    run("admin", "end", key, actor, database, data)


@admin_app.command(name="token")
def make_token(
    actor: ActorName = "owner",
    expires: Annotated[Optional[str], typer.Option(help="ISO 8601 date and time; default: never.")] = None,  # noqa: UP045
    database: Database = None,
    data: Data = None,
) -> None:
    """Make an owner's token of the whole server and print it: it opens /admin."""
    run("admin", "token", actor, expires, database, data)


@admin_app.command(name="noted")
def note(
    act: NotedAct,
    words: Annotated[str, typer.Argument(metavar="WORDS", help="Where it is, or what it was: one line.")] = "",
    actor: ActorName = "operator",
    database: Database = None,
    data: Data = None,
) -> None:
    """Write down that a backup or an anchor was just made: call it at the end of what makes them."""
    run("admin", "noted", act, words, actor, database, data)
