"""The tables on PostgreSQL: those of `workspace.store.tables`, with numbers of 64 bits and text compared by code point.

Text is stored with U+0000, which PostgreSQL refuses, escaped by `workspace.store.postgres.link`.
"""

from __future__ import annotations

from typing import Any

from workspace.errors import StoreFault
from workspace.store.tables import SCHEMA_VERSION

# Any number will do, as long as every server takes the same: two may start at once on an empty database.
LOCK = 0x666F6C6B6D6F6F74

TABLES = """
CREATE TABLE schema_version (version bigint PRIMARY KEY);

CREATE TABLE workspace (
    id text COLLATE "C" PRIMARY KEY,
    name text NOT NULL,
    created_at text NOT NULL,
    epoch bigint NOT NULL,
    is_busy boolean NOT NULL
);

CREATE TABLE log (
    ws text COLLATE "C",
    seq bigint,
    epoch bigint NOT NULL,
    kind text NOT NULL,
    at text NOT NULL,
    actor text NOT NULL,
    body text NOT NULL,
    prev text NOT NULL,
    hash text NOT NULL,
    PRIMARY KEY (ws, seq)
);

CREATE TABLE segment (
    ws text COLLATE "C",
    last bigint,
    first bigint NOT NULL,
    root text NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (ws, last)
);

CREATE TABLE journal (
    ws text COLLATE "C",
    jid bigint,
    doc text NOT NULL,
    lane text NOT NULL,
    actor text NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (ws, jid)
);

CREATE TABLE snapshot (
    ws text COLLATE "C",
    doc text COLLATE "C",
    jid bigint,
    state bytea NOT NULL,
    digest text NOT NULL,
    PRIMARY KEY (ws, doc, jid)
);

CREATE TABLE archive (
    ws text COLLATE "C",
    sha text COLLATE "C",
    content bytea NOT NULL,
    PRIMARY KEY (ws, sha)
);

CREATE TABLE lane (
    ws text COLLATE "C",
    lane text COLLATE "C",
    actor text NOT NULL,
    secret_hash text NOT NULL,
    created_at text NOT NULL,
    PRIMARY KEY (ws, lane)
);

CREATE TABLE inbox (
    ws text COLLATE "C",
    actor text COLLATE "C",
    upto bigint NOT NULL,
    open text NOT NULL,
    PRIMARY KEY (ws, actor)
);

CREATE TABLE token (
    id text COLLATE "C" PRIMARY KEY,
    ws text COLLATE "C",
    actor text NOT NULL,
    role text NOT NULL,
    secret_hash text NOT NULL,
    expires double precision,
    revoked boolean NOT NULL,
    created_at text COLLATE "C" NOT NULL
);

CREATE INDEX token_by_ws ON token (ws);
"""

# Since schema 4; made beside the others, or in a database of schema 3.
SWITCH = """
CREATE TABLE switch (
    ws text COLLATE "C" PRIMARY KEY,
    is_on boolean NOT NULL,
    actor text NOT NULL,
    at text NOT NULL,
    reason text NOT NULL
);
"""


async def prepare(connection: Any) -> None:
    """Make the tables where there are none. Raises `StoreFault` for another encoding, or a newer Folkmoot's tables."""
    encoding = await connection.fetchval("SELECT current_setting('server_encoding')")
    if encoding != "UTF8":
        raise StoreFault(f"its encoding is {encoding}, which cannot hold every text: make it with ENCODING 'UTF8'")
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        # Asked first, because IF NOT EXISTS wants the right to create even where there is nothing to do.
        if await connection.fetchval("SELECT to_regclass('schema_version')::text") is None:
            await connection.execute(TABLES + SWITCH)
            await connection.execute("INSERT INTO schema_version (version) VALUES ($1)", SCHEMA_VERSION)
        elif await connection.fetchval("SELECT max(version) FROM schema_version") == 3:
            await connection.execute(SWITCH)
            await connection.execute("INSERT INTO schema_version (version) VALUES ($1)", SCHEMA_VERSION)
        newest = await connection.fetchval("SELECT max(version) FROM schema_version")
    if newest is None or newest > SCHEMA_VERSION:
        raise StoreFault(f"it is from a newer Folkmoot (schema {newest}, this one knows {SCHEMA_VERSION})")
