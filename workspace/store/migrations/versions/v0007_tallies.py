"""Schema 7: what is kept of each workspace for who looks at all of them. It begins empty and fills by itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from workspace.store.columns import KEY, NUMBER, WORDS

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the tallies, and the order in which all keys are listed."""
    op.create_index("token_by_time", "token", ["created_at", "id"])
    op.create_table(
        "tally",
        sa.Column("ws", KEY, primary_key=True, nullable=False),
        *(sa.Column(name, WORDS, nullable=False) for name in ("name", "at", "facts")),
        *(
            sa.Column(name, NUMBER, nullable=False)
            for name in ("seq", "jid", "log_bytes", "journal_bytes", "snapshot_bytes")
        ),
    )
