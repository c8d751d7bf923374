"""Schema 2: sealed segments of the log lie packed.

The archive of models' words came before it without a number of its own: some files of schema 1 have it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workspace.store.columns import KEY, NUMBER, WORDS

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the archive where it is missing, and the packed part of the log."""
    op.create_table(
        "archive",
        sa.Column("ws", KEY, primary_key=True, nullable=False),
        sa.Column("sha", KEY, primary_key=True, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "segment",
        sa.Column("ws", KEY, primary_key=True, nullable=False),
        sa.Column("last", NUMBER, primary_key=True, nullable=False),
        sa.Column("first", NUMBER, nullable=False),
        sa.Column("root", WORDS, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        if_not_exists=True,
    )
