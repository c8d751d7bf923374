"""What the stores ask of either database, in the words that both understand; `?1` is the first value.

`for_postgres` and `for_sqlite` say the two things that each spells in its own way. Columns are named in the order of
the fields of the rows that are made of them.
"""

from __future__ import annotations

from functools import cache

_FOR_UPDATE = " FOR UPDATE"


@cache
def for_postgres(statement: str) -> str:
    """Return a statement as PostgreSQL reads it: its values are `$1`."""
    return statement.replace("?", "$")


@cache
def for_sqlite(statement: str) -> str:
    """Return a statement as SQLite reads it: there is one writer, which needs no lock on a row."""
    return statement.removesuffix(_FOR_UPDATE)


def _insert(table: str, columns: str, then: str = "") -> str:
    values = ", ".join(f"?{at}" for at, _ in enumerate(columns.split(", "), 1))
    return f"INSERT INTO {table} ({columns}) VALUES ({values}){then}"


def _put(table: str, key: str, columns: str) -> str:
    """Return what writes a row in the place of the one with its key, if there is one."""
    changed = ", ".join(f"{name} = excluded.{name}" for name in columns.split(", "))
    return _insert(table, f"{key}, {columns}", f" ON CONFLICT ({key}) DO UPDATE SET {changed}")


WORKSPACE = "id, name, created_at, epoch, is_busy, format"
LOG = "seq, epoch, kind, at, actor, body, prev, hash"
JOURNAL = "jid, doc, lane, actor, content"
LANE = "ws, lane, actor, secret_hash, created_at"
TOKEN = "id, ws, actor, role, secret_hash, expires, revoked, created_at"
SWITCH = "ws, is_on, actor, at, reason"
# The tables whose rows go with their workspace.
OWNED = ("log", "segment", "journal", "snapshot", "archive", "lane", "inbox", "token", "switch")

INSERT_WORKSPACE = _insert("workspace", WORKSPACE, " ON CONFLICT DO NOTHING RETURNING id")
SELECT_WORKSPACES = f"SELECT {WORKSPACE} FROM workspace ORDER BY id"
SELECT_WORKSPACE = f"SELECT {WORKSPACE} FROM workspace WHERE id = ?1"
DELETE_WORKSPACE = "DELETE FROM workspace WHERE id = ?1"
DELETE_OWNED = tuple(f"DELETE FROM {table} WHERE ws = ?1" for table in OWNED)
# Who claims writes records of its own format from here on; a log of a newer one is not claimed.
CLAIM = """UPDATE workspace SET epoch = epoch + 1, format = ?2 WHERE id = ?1 AND format <= ?2
    RETURNING epoch, is_busy"""
LOCK_EPOCH = f"SELECT epoch FROM workspace WHERE id = ?1{_FOR_UPDATE}"
UPDATE_BUSY = "UPDATE workspace SET is_busy = ?2 WHERE id = ?1 AND is_busy <> ?2"

INSERT_LOG = _insert("log", f"ws, {LOG}")
SELECT_LOG = f"""SELECT {LOG} FROM log WHERE ws = ?1 AND seq >= ?2 AND seq <= ?3
    AND (CAST(?4 AS text) IS NULL OR kind = ?4) ORDER BY seq LIMIT ?5"""
SELECT_ENDS = """SELECT (SELECT seq FROM log WHERE ws = ?1 ORDER BY seq DESC LIMIT 1),
    (SELECT hash FROM log WHERE ws = ?1 ORDER BY seq DESC LIMIT 1), (SELECT max(jid) FROM journal WHERE ws = ?1)"""
SELECT_FIRST_AND_LAST = "SELECT min(seq), max(seq) FROM log WHERE ws = ?1"
UPDATE_BODY = "UPDATE log SET body = ?3 WHERE ws = ?1 AND seq = ?2"
DELETE_LOG = "DELETE FROM log WHERE ws = ?1 AND seq BETWEEN ?2 AND ?3"

SELECT_SEGMENT = """SELECT first, last, root, content FROM segment
    WHERE ws = ?1 AND last >= ?2 AND first <= ?3 ORDER BY last LIMIT 1"""
INSERT_SEGMENT = _insert("segment", "ws, first, last, root, content")
UPDATE_SEGMENT = "UPDATE segment SET content = ?3 WHERE ws = ?1 AND last = ?2"

INSERT_JOURNAL = _insert("journal", f"ws, {JOURNAL}")
SELECT_JOURNAL = f"SELECT {JOURNAL} FROM journal WHERE ws = ?1 AND jid >= ?2 AND jid <= ?3 ORDER BY jid LIMIT ?4"
INSERT_SNAPSHOT = _put("snapshot", "ws, doc, jid", "state, digest")
SELECT_SNAPSHOTS = """SELECT doc, jid, state, digest FROM snapshot s WHERE ws = ?1 AND jid =
    (SELECT max(jid) FROM snapshot WHERE ws = s.ws AND doc = s.doc AND jid <= ?2)"""
INSERT_BLOB = _insert("archive", "ws, sha, content", " ON CONFLICT DO NOTHING")
SELECT_BLOB = "SELECT content FROM archive WHERE ws = ?1 AND sha = ?2"
DELETE_BLOB = "DELETE FROM archive WHERE ws = ?1 AND sha = ?2"

PUT_LANE = _put("lane", "ws, lane", "actor, secret_hash, created_at")
SELECT_LANE = f"SELECT {LANE} FROM lane WHERE ws = ?1 AND lane = ?2"
PUT_INBOX = _put("inbox", "ws, actor", "upto, open")
# No actor's name is empty: the own row comes before everybody's.
SELECT_INBOX = "SELECT upto, open FROM inbox WHERE ws = ?1 AND actor IN (?2, ?3) ORDER BY actor DESC LIMIT 1"
INSERT_TOKEN = _insert("token", TOKEN)
SELECT_TOKEN = f"SELECT {TOKEN} FROM token WHERE id = ?1"
SELECT_TOKENS = f"SELECT {TOKEN} FROM token WHERE ws = ?1 OR ws IS NULL ORDER BY created_at, id"
# Looked at each second: one pass over the table inside the database, and one row comes back.
TOKEN_MARK = (
    "SELECT count(*), sum(CASE WHEN revoked THEN 1 ELSE 0 END), count(expires), sum(expires), max(created_at)"
    " FROM token"
)
REVOKE = "UPDATE token SET revoked = true WHERE ws = ?1 AND NOT revoked AND (actor = ?2 OR id = ?3) RETURNING id"
COUNT_TOKENS = "SELECT count(*) FROM token"
PUT_SWITCH = _put("switch", "ws", "is_on, actor, at, reason")
SELECT_SWITCHES = f"SELECT {SWITCH} FROM switch ORDER BY ws"
DELETE_SWITCH = "DELETE FROM switch WHERE ws = ?1 AND at = ?2 AND is_on = ?3"
