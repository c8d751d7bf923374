"""Schema 8: files of workspaces, who brought them in, and their bytes in pieces. It begins empty."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workspace.store.columns import KEY, NUMBER, WORDS

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the tables, and the two orders in which files are looked up."""
    op.create_table(
        "blob",
        *(sa.Column(name, KEY, primary_key=True, nullable=False) for name in ("ws", "sha")),
        sa.Column("content", KEY, nullable=False),
        sa.Column("size", NUMBER, nullable=False),
        *(sa.Column(name, WORDS, nullable=False) for name in ("media", "created_at", "gone")),
        sa.Column("named_at", sa.Float(), nullable=False),
    )
    op.create_index("blob_by_content", "blob", ["content"])
    op.create_index("blob_by_named", "blob", ["named_at"])
    op.create_table(
        "blob_holder",
        *(sa.Column(name, KEY, primary_key=True, nullable=False) for name in ("ws", "sha", "actor")),
        *(sa.Column(name, WORDS, nullable=False) for name in ("filename", "created_at")),
    )
    op.create_table(
        "blob_content",
        sa.Column("id", KEY, primary_key=True, nullable=False),
        sa.Column("made_in", KEY, nullable=False),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("started", sa.Float(), nullable=False),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "blob_piece",
        sa.Column("content", KEY, primary_key=True, nullable=False),
        sa.Column("number", NUMBER, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("octets", sa.LargeBinary(), nullable=False),
    )
