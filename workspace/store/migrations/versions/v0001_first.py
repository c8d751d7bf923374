"""Schema 1: workspaces, logs and journals, snapshots, lanes and tokens. SQLite only, when it was new."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from workspace.store.columns import KEY, NUMBER, WORDS

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table("schema_version", _key("version", NUMBER))
    op.create_table("workspace", _key("id", KEY), *_words("name", "created_at"), _number("epoch"))
    log: tuple[sa.Column[Any], ...] = (_number("epoch"), *_words("kind", "at", "actor", "body", "prev", "hash"))
    op.create_table("log", _key("ws", KEY), _key("seq", NUMBER), *log)
    op.create_table("journal", _key("ws", KEY), _key("jid", NUMBER), *_words("doc", "lane", "actor"), _bytes("content"))
    op.create_index("journal_by_doc", "journal", ["ws", "doc", "jid"])
    snapshot: tuple[sa.Column[Any], ...] = (
        _key("ws", KEY),
        _key("doc", KEY),
        _key("jid", NUMBER),
        _bytes("state"),
        *_words("digest"),
    )
    op.create_table("snapshot", *snapshot)
    op.create_table("lane", _key("ws", KEY), _key("lane", KEY), *_words("actor", "secret_hash", "created_at"))
    op.create_table(
        "token",
        _key("id", KEY),
        sa.Column("ws", KEY),
        *_words("actor", "role", "secret_hash"),
        sa.Column("expires", sa.Float),
        sa.Column("revoked", sa.Boolean, nullable=False),
        sa.Column("created_at", KEY, nullable=False),
    )
    op.create_index("ix_token_ws", "token", ["ws"])


def _key(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, nullable=False, autoincrement=False)


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, WORDS, nullable=False) for name in names]


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, NUMBER, nullable=False)


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary, nullable=False)
