"""What commands of several modules take alike, and how each loads its own part only when it is called."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from workspace.late import load

Database = Annotated[
    str | None,
    typer.Option("--database", help="sqlite:///PATH or postgresql://USER@HOST/NAME; default: a file in --data."),
]
Data = Annotated[Optional[Path], typer.Option("--data", help="Folder for the database [./folkmoot-data].")]  # noqa: UP045
Workspace = Annotated[str, typer.Argument(metavar="WS", help="The workspace's id.")]
DocumentName = Annotated[str, typer.Argument(metavar="DOC", help="The document's name, or _id/ID.")]
OneOrAll = Annotated[
    Optional[str], typer.Option("--workspace", "-w", help="Only in this workspace; default: on the whole server.")  # noqa: UP045
]
Place = Annotated[str, typer.Argument(metavar="PLACE", help="A document's name, _id/ID, or a folder: prices/.")]
Person = Annotated[str, typer.Option("--person", help="The person it is for, by name.")]
GroupName = Annotated[
    str, typer.Option("--group", help="owner, editor, commenter, viewer: all with that role; everyone; agent.")
]
ActorName = Annotated[str, typer.Option("--actor", help="Who does it, as people and the log are told.")]


def run(module: str, call: str, *values: Any) -> None:
    """Run a command's function and leave with the exit code it returns."""
    raise typer.Exit(getattr(load(f"agent.commands.{module}"), call)(*values))
