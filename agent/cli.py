"""The command line: serve, look into a log, verify and replay it, make tokens, try it out.

Only what `folkmoot --help` needs is imported here; each command loads its own part (`agent.commands`), because the
server, the database and the terminal's colours take seconds to import.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from agent.admin_cli import admin_app
from agent.blobs_cli import blobs_app
from agent.options import (
    ActorName,
    Data,
    Database,
    DocumentName,
    GroupName,
    OneOrAll,
    Person,
    Place,
    Workspace,
)
from agent.options import run as _run

app = typer.Typer(
    name="folkmoot",
    help="A self-hosted server for workspaces that many people and an AI agent share.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
agent_app = typer.Typer(help="Stop the agent, let it go on, say how it stands.", no_args_is_help=True)
app.add_typer(agent_app, name="agent")
documents_app = typer.Typer(help="List documents; rename, archive, delete, restore them.", no_args_is_help=True)
app.add_typer(documents_app, name="documents")
people_app = typer.Typer(help="List people; roles, lost links, sessions, who came and left.", no_args_is_help=True)
app.add_typer(people_app, name="people")
rights_app = typer.Typer(help="Say what people and the agent may in one document or a folder.", no_args_is_help=True)
app.add_typer(rights_app, name="rights")
app.add_typer(admin_app, name="admin")
app.add_typer(blobs_app, name="blobs")


@app.command()
def serve(
    host: Annotated[Optional[str], typer.Option(help="Address to listen on [127.0.0.1].")] = None,  # noqa: UP045
    port: Annotated[Optional[int], typer.Option(min=0, max=65535, help="Port to listen on [8000].")] = None,  # noqa: UP045
    database: Database = None,
    data: Data = None,
    is_open: Annotated[bool, typer.Option("--open", help="Let everybody in without a token.")] = False,
    origin: Annotated[Optional[list[str]], typer.Option(help="Another origin whose pages may connect.")] = None,  # noqa: UP045
    root_path: Annotated[Optional[str], typer.Option(help="Path under which a proxy has the server, as /moot.")] = None,  # noqa: UP045
    forwarded_allow_ips: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="Proxies whose X-Forwarded-* is believed: addresses, networks, or * [127.0.0.1,::1]."),
    ] = None,
) -> None:
    """Serve workspaces until Ctrl+C; prints a link for the owner at the first start."""
    place = (root_path, forwarded_allow_ips)
    _run("serve", "serve", host, port, database, data, is_open, tuple(origin or ()), *place)


@app.command()
def demo(
    story: Annotated[
        bool, typer.Option("--story", help="Act a conflict out in the terminal, without a browser.")
    ] = False,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
    database: Database = None,
    data: Data = None,
    seed: Annotated[int, typer.Option(help="Random delays of the story.")] = 1,
) -> None:
    """Start a server with a workspace to try, kept for all other commands; print a link for each of three people."""
    if story:
        _run("demo", "story", seed)
    _run("demo", "demo", host, port, database, data)


@app.command()
def token(
    workspace: Annotated[str, typer.Option("--workspace", "-w", help="Made where it does not exist.")],
    actor: Annotated[str, typer.Option(help="The person's or bot's name.")],
    role: Annotated[str, typer.Option(help="owner, editor, commenter or viewer.")] = "editor",
    expires: Annotated[Optional[str], typer.Option(help="ISO 8601 date and time; default: never.")] = None,  # noqa: UP045
    is_new: Annotated[
        bool, typer.Option("--new", help="Make the database too, before a server's first start.")
    ] = False,
    reads_only: Annotated[bool, typer.Option("--read-only", help="It only reads, whatever the role.")] = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Make a token and print it; also beside a running server."""
    _run("records", "token", workspace, actor, role, expires, database, data, is_new, reads_only)


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
    document: Annotated[str, typer.Argument(metavar="DOC", help="The document.")],
    words: Annotated[str, typer.Argument(metavar="WORDS", help="Words of a text, or the dotted path of a value.")] = "",
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
    scenario: Annotated[Path, typer.Argument(metavar="FILE", help="A .toml or .json of replies; see docs/models.md.")],
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


@documents_app.command(name="list")
def list_documents(
    ws: Workspace,
    is_all: Annotated[bool, typer.Option("--all", help="Those archived or deleted, too.")] = False,
    database: Database = None,
    data: Data = None,
) -> None:
    """Print the documents of a workspace."""
    _run("documents", "listed", ws, is_all, database, data)


@documents_app.command(name="rename")
def rename_document(
    ws: Workspace,
    document: DocumentName,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its new name.")],
    actor: ActorName = "operator",
    database: Database = None,
    data: Data = None,
) -> None:
    """Call a document otherwise; its old name says which is the new one. Also beside a running server."""
    _run("documents", "change", "rename", ws, document, name, actor, database, data)


@documents_app.command(name="archive")
def archive_document(
    ws: Workspace, document: DocumentName, actor: ActorName = "operator", database: Database = None, data: Data = None
) -> None:
    """Put a document away: it is read and not written, and does not count among those that live."""
    _run("documents", "change", "archive", ws, document, "", actor, database, data)


@documents_app.command(name="delete")
def delete_document(
    ws: Workspace, document: DocumentName, actor: ActorName = "operator", database: Database = None, data: Data = None
) -> None:
    """Delete a document: nobody sees it, its name is free; it is kept, and can be restored."""
    _run("documents", "change", "delete", ws, document, "", actor, database, data)


@documents_app.command(name="restore")
def restore_document(
    ws: Workspace,
    document: DocumentName,
    name: Annotated[str, typer.Option(help="Another name, where its own is taken.")] = "",
    actor: ActorName = "operator",
    database: Database = None,
    data: Data = None,
) -> None:
    """Take back a document that was archived or deleted, with all that it held."""
    _run("documents", "change", "restore", ws, document, name, actor, database, data)


MemberName = Annotated[str, typer.Argument(metavar="NAME", help="The member's name in the workspace.")]


@people_app.command(name="list")
def list_people(ws: Workspace, database: Database = None, data: Data = None) -> None:
    """Print the members of a workspace, with their roles."""
    _run("people", "listed", ws, database, data)


@people_app.command(name="role")
def change_role(
    ws: Workspace,
    name: MemberName,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="owner, editor, commenter or viewer.")],
    actor: ActorName = "operator",
    database: Database = None,
    data: Data = None,
) -> None:
    """Make a member something else, at once, with every token of theirs."""
    _run("people", "role", ws, name, role, actor, database, data)


@people_app.command(name="sessions")
def list_sessions(
    ws: Workspace,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Only this member's.")] = "",
    database: Database = None,
    data: Data = None,
) -> None:
    """Print what opens a workspace: tokens, and the sessions of its members; never a secret."""
    _run("people", "sessions", ws, name, database, data)


@people_app.command(name="end")
def end_access(
    ws: Workspace,
    name: MemberName,
    key: Annotated[str, typer.Option(help="Only this token or session, by its id.")] = "",
    actor: ActorName = "operator",
    database: Database = None,
    data: Data = None,
) -> None:
    """Take a member out, with every token of theirs; what they had open ends within a second."""
    _run("people", "end", ws, name, key, actor, database, data)


@people_app.command(name="rotate")
def rotate_link(
    ws: Workspace, name: MemberName, actor: ActorName = "operator", database: Database = None, data: Data = None
) -> None:
    """Print a new token for a member whose link is lost; those they had in the workspace end."""
    _run("people", "rotate", ws, name, actor, database, data)


@people_app.command(name="invite")
def invite(
    ws: Workspace,
    role: Annotated[str, typer.Option(help="owner, editor, commenter or viewer.")] = "editor",
    uses: Annotated[int, typer.Option(min=1, max=1_000, help="For how many people.")] = 1,
    days: Annotated[float, typer.Option(min=0.01, max=366, help="For how long.")] = 7.0,
    actor: ActorName = "operator",
    database: Database = None,
    data: Data = None,
) -> None:
    """Print the end of a link by which whoever holds it becomes a member; put the server's address before it."""
    _run("people", "invite", ws, role, uses, days, actor, database, data)


@people_app.command(name="invitations")
def list_invitations(ws: Workspace, database: Database = None, data: Data = None) -> None:
    """Print the invitations that somebody may still take up; never a secret."""
    _run("people", "invitations", ws, database, data)


@people_app.command(name="revoke")
def revoke_invitation(
    ws: Workspace,
    invitation: Annotated[str, typer.Argument(metavar="ID", help="As `people invitations` prints it.")],
    actor: ActorName = "operator",
    database: Database = None,
    data: Data = None,
) -> None:
    """Take an invitation back: nobody comes in by it any more, whoever came stays."""
    _run("people", "revoke", ws, invitation, actor, database, data)


@people_app.command(name="access")
def print_access(
    ws: Annotated[str, typer.Argument(metavar="WS", help="Only this workspace; default: the whole server.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="So many, the newest.")] = 500,
    database: Database = None,
    data: Data = None,
) -> None:
    """Print who gave whom which right, who came, who left."""
    _run("people", "access", ws, limit, database, data)


@rights_app.command(name="list")
def list_rights(ws: Workspace, database: Database = None, data: Data = None) -> None:
    """Print the rules that stand: place, for whom, and the role."""
    _run("rights", "listed", ws, database, data)


@rights_app.command(name="set")
def set_rights(
    ws: Workspace,
    place: Place,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="editor, commenter or viewer.")],
    person: Person = "",
    group: GroupName = "",
    actor: ActorName = "operator",
    database: Database = None,
    data: Data = None,
) -> None:
    """Give a person or a group a role in a document or a folder. Also beside a running server."""
    _run("rights", "give", ws, place, role, person, group, actor, database, data)


@rights_app.command(name="clear")
def clear_rights(
    ws: Workspace,
    place: Place,
    person: Person = "",
    group: GroupName = "",
    actor: ActorName = "operator",
    database: Database = None,
    data: Data = None,
) -> None:
    """Take back all rules of a document or a folder, or the one for a person or a group."""
    _run("rights", "clear", ws, place, person, group, actor, database, data)


def main() -> None:
    """Entry point of the console script."""
    app()
