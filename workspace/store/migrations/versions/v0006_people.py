"""Schema 6: people, their memberships and logins, invitations, sessions among the tokens, and the record of access."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from workspace.store.columns import KEY, NUMBER, WORDS

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the tables; each name that has tokens in a workspace becomes a member there, and a person of its own.

    Equal names in two workspaces were given out by two owners: whether they are one person nobody has said.
    """
    made = (("scope", "all"), ("label", ""), ("used_at", ""), ("used_from", ""))
    op.drop_index("token_by_ws", "token")
    op.add_column("token", sa.Column("person", KEY))
    for name, value in made:
        op.add_column("token", sa.Column(name, WORDS))
        op.execute(f"UPDATE token SET {name} = '{value}'")
    with op.batch_alter_table("token") as batch:
        for name, _ in made:
            batch.alter_column(name, nullable=False)
    op.create_index("token_by_ws", "token", ["ws"])
    op.create_index("token_by_person", "token", ["person"])
    op.create_table("person", _key("id"), *_words("name", "colour", "created_at"))
    op.create_table(
        "member",
        _key("ws"),
        _key("actor"),
        _text("person"),
        *_words("role"),
        sa.Column("gone", sa.Boolean, nullable=False),
        sa.Column("changes", NUMBER, nullable=False),
        *_words("created_at"),
    )
    op.create_index("member_by_person", "member", ["person"])
    op.create_table("login", _key("issuer"), _key("subject"), _text("person"), *_words("mail", "created_at"))
    op.create_index("login_by_person", "login", ["person"])
    op.create_table(
        "invitation",
        _key("id"),
        _text("ws"),
        *_words("role", "secret_hash"),
        sa.Column("uses", NUMBER, nullable=False),
        sa.Column("used", NUMBER, nullable=False),
        sa.Column("expires", sa.Float, nullable=False),
        sa.Column("revoked", sa.Boolean, nullable=False),
        *_words("by_actor"),
        _text("created_at"),
    )
    op.create_index("invitation_by_ws", "invitation", ["ws"])
    op.create_table("access", _key("id"), _text("place"), _text("at"), *_words("by_actor", "act", "subject", "detail"))
    op.create_index("access_by_place", "access", ["place", "at"])
    # The person of a name has the id of its first token: every server that migrates calls them the same.
    first = "(SELECT min(id) FROM token f WHERE f.ws = t.ws AND f.actor = t.actor)"
    names = f"FROM token t WHERE t.ws IS NOT NULL AND t.id = {first}"
    op.execute(f"INSERT INTO person (id, name, colour, created_at) SELECT t.id, t.actor, '', t.created_at {names}")
    op.execute(
        "INSERT INTO member (ws, actor, person, role, gone, changes, created_at)"
        f" SELECT t.ws, t.actor, t.id, '', false, 0, t.created_at {names}"
    )


def _key(name: str) -> sa.Column[Any]:
    return sa.Column(name, KEY, primary_key=True, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, KEY, nullable=False)


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, WORDS, nullable=False) for name in names]
