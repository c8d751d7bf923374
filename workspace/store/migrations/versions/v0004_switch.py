"""Schema 4: the switches that stop the agent. A server that does not know them must not open such a database."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workspace.store.columns import KEY, WORDS

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the switches."""
    op.create_table(
        "switch",
        sa.Column("ws", KEY, primary_key=True, nullable=False),
        sa.Column("is_on", sa.Boolean, nullable=False),
        *(sa.Column(name, WORDS, nullable=False) for name in ("actor", "at", "reason")),
        if_not_exists=True,
    )
