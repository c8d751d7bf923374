"""Schema 3: what each actor has acknowledged. PostgreSQL began here.

Between 2 and 3, without a number, workspaces came to say whether something goes on in them, and the journal lost its
index by document, which nobody asked and every commit wrote: some files of schema 2 have changed already.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workspace.store.columns import KEY, NUMBER, WORDS

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the inbox; what had ended by then waits for nobody, and every workspace is opened once."""
    columns = {column["name"] for column in sa.inspect(op.get_bind()).get_columns("workspace")}
    if "is_busy" not in columns:
        op.add_column("workspace", sa.Column("is_busy", sa.Boolean, nullable=False, server_default=sa.true()))
    op.drop_index("journal_by_doc", "journal", if_exists=True)
    op.create_table(
        "inbox",
        sa.Column("ws", KEY, primary_key=True, nullable=False),
        sa.Column("actor", KEY, primary_key=True, nullable=False),
        sa.Column("upto", NUMBER, nullable=False),
        sa.Column("open", WORDS, nullable=False),
        if_not_exists=True,
    )
    heads = "SELECT ws, '', max(seq), '[]' FROM log GROUP BY ws"
    op.execute(f"INSERT INTO inbox (ws, actor, upto, open) {heads} ON CONFLICT DO NOTHING")
