"""`folkmoot blobs` on the command line: its words and options; what it does is `agent.commands.blobs`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.options import Data, Database, Workspace, run

blobs_app = typer.Typer(help="List a workspace's files, export them, verify their bytes.", no_args_is_help=True)
Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to put them; made where it is missing.")]


@blobs_app.command(name="list")
def list_blobs(ws: Workspace, database: Database = None, data: Data = None) -> None:
    """Print the files of a workspace: id, size, media type, who brought it in and under which name."""
    run("blobs", "listed", ws, database, data)


@blobs_app.command(name="export")
def export_blobs(ws: Workspace, folder: Folder, database: Database = None, data: Data = None) -> None:
    """Write every file of a workspace, under its id, with a list of all; goes on where it was stopped."""
    run("blobs", "export", ws, folder, database, data)


@blobs_app.command(name="verify")
def verify_blobs(ws: Workspace, database: Database = None, data: Data = None) -> None:
    """Compute every file's digest anew; exit code 1 where one is not what its id says."""
    run("blobs", "verify", ws, database, data)
