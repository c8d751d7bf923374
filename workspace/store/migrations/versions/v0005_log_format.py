"""Schema 5: each workspace says in what format its log is. Both databases' tables are the same from here on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workspace.store.columns import NUMBER

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Number the logs there are as format 1; take a default and an index's name away that only SQLite had."""
    op.add_column("workspace", sa.Column("format", NUMBER, nullable=True))
    op.execute("UPDATE workspace SET format = 1")
    with op.batch_alter_table("workspace") as batch:
        batch.alter_column("format", nullable=False)
        batch.alter_column("is_busy", server_default=None)
    if "name" in {column["name"] for column in sa.inspect(op.get_bind()).get_columns("switch")}:
        # For some minutes schema 4 had one switch only, by another name: a stop in it must go on.
        with op.batch_alter_table("switch") as batch:
            batch.alter_column("name", new_column_name="ws")
        op.execute("UPDATE switch SET ws = ''")
    op.drop_index("ix_token_ws", "token", if_exists=True)
    op.create_index("token_by_ws", "token", ["ws"], if_not_exists=True)
