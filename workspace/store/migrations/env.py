"""What alembic runs the migrations in: on the connection and in the transaction that `run.upgrade` was given."""

from __future__ import annotations

from alembic import context

from workspace.store.migrations.run import record_version
from workspace.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    on_version_apply=record_version,
    render_as_batch=True,
)
context.run_migrations()
