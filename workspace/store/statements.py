"""What the stores ask of either database, in the words that both understand; `?1` is the first value.

`for_postgres` and `for_sqlite` say the few things that each spells in its own way. Columns are named in the order of
the fields of the rows that are made of them.
"""

from __future__ import annotations

from functools import cache

FOR_UPDATE = " FOR UPDATE"
# Names of tokens and of members are compared by code point, as SQLite compares every text.
_BY_POINT = ' COLLATE "C"'
_BODY_BYTES = "octet_length(body)"


@cache
def for_postgres(statement: str) -> str:
    """Return a statement as PostgreSQL reads it: its values are `$1`."""
    return statement.replace("?", "$")


@cache
def for_sqlite(statement: str) -> str:
    """Return a statement as SQLite reads it: there is one writer, which needs no lock on a row."""
    plain = statement.removesuffix(FOR_UPDATE).replace(_BY_POINT, "")
    return plain.replace(_BODY_BYTES, "length(CAST(body AS blob))")


@cache
def of_rows(insert: str, count: int) -> str:
    """Return an insert of one row as one of `count` rows, whose values follow each other."""
    head, _, values = insert.partition(" VALUES (")
    assert values.endswith(")"), "nothing comes behind its values"
    row = "(" + ", ".join("?" * (values.count("?"))) + ")"
    return f"{head} VALUES " + ", ".join([row] * count)


def insert(table: str, columns: str, then: str = "") -> str:
    """Return what writes a new row."""
    values = ", ".join(f"?{at}" for at, _ in enumerate(columns.split(", "), 1))
    return f"INSERT INTO {table} ({columns}) VALUES ({values}){then}"


def put(table: str, key: str, columns: str) -> str:
    """Return what writes a row in the place of the one with its key, if there is one."""
    changed = ", ".join(f"{name} = excluded.{name}" for name in columns.split(", "))
    return insert(table, f"{key}, {columns}", f" ON CONFLICT ({key}) DO UPDATE SET {changed}")


WORKSPACE = "id, name, created_at, epoch, is_busy, format"
LOG = "seq, epoch, kind, at, actor, body, prev, hash"
JOURNAL = "jid, doc, lane, actor, content"
LANE = "ws, lane, actor, secret_hash, created_at"
TOKEN = "id, ws, actor, role, secret_hash, expires, revoked, created_at, person, scope, label, used_at, used_from"
PERSON = "id, name, colour, created_at"
MEMBER = "ws, actor, person, role, gone, changes, created_at"
LOGIN = "issuer, subject, person, mail, created_at"
INVITATION = "id, ws, role, secret_hash, uses, used, expires, revoked, by_actor, created_at"
ACCESS = "id, place, at, by_actor, act, subject, detail"
SWITCH = "ws, is_on, actor, at, reason"
# The tables whose rows go with their workspace.
OWNED = (
    "log", "segment", "journal", "snapshot", "archive", "lane", "inbox", "token", "switch", "member", "invitation",
    "tally", "blob", "blob_holder",
)  # fmt: skip

INSERT_WORKSPACE = insert("workspace", WORKSPACE, " ON CONFLICT DO NOTHING RETURNING id")
SELECT_WORKSPACES = f"SELECT {WORKSPACE} FROM workspace ORDER BY id"
SELECT_WORKSPACE = f"SELECT {WORKSPACE} FROM workspace WHERE id = ?1"
DELETE_WORKSPACE = "DELETE FROM workspace WHERE id = ?1"
DELETE_OWNED = tuple(f"DELETE FROM {table} WHERE ws = ?1" for table in OWNED)
# Who claims writes records of its own format from here on; a log of a newer one is not claimed.
CLAIM = """UPDATE workspace SET epoch = epoch + 1, format = ?2 WHERE id = ?1 AND format <= ?2
    RETURNING epoch, is_busy"""
LOCK_EPOCH = f"SELECT epoch FROM workspace WHERE id = ?1{FOR_UPDATE}"
UPDATE_BUSY = "UPDATE workspace SET is_busy = ?2 WHERE id = ?1 AND is_busy <> ?2"

INSERT_LOG = insert("log", f"ws, {LOG}")
SELECT_LOG = f"""SELECT {LOG} FROM log WHERE ws = ?1 AND seq >= ?2 AND seq <= ?3
    AND (CAST(?4 AS text) IS NULL OR kind = ?4) ORDER BY seq LIMIT ?5"""
SELECT_ENDS = """SELECT (SELECT seq FROM log WHERE ws = ?1 ORDER BY seq DESC LIMIT 1),
    (SELECT hash FROM log WHERE ws = ?1 ORDER BY seq DESC LIMIT 1), (SELECT max(jid) FROM journal WHERE ws = ?1)"""
SELECT_FIRST_AND_LAST = "SELECT min(seq), max(seq) FROM log WHERE ws = ?1"
UPDATE_BODY = "UPDATE log SET body = ?3 WHERE ws = ?1 AND seq = ?2"
DELETE_LOG = "DELETE FROM log WHERE ws = ?1 AND seq BETWEEN ?2 AND ?3"

SELECT_SEGMENT = """SELECT first, last, root, content FROM segment
    WHERE ws = ?1 AND last >= ?2 AND first <= ?3 ORDER BY last LIMIT 1"""
INSERT_SEGMENT = insert("segment", "ws, first, last, root, content")
UPDATE_SEGMENT = "UPDATE segment SET content = ?3 WHERE ws = ?1 AND last = ?2"

INSERT_JOURNAL = insert("journal", f"ws, {JOURNAL}")
SELECT_JOURNAL = f"SELECT {JOURNAL} FROM journal WHERE ws = ?1 AND jid >= ?2 AND jid <= ?3 ORDER BY jid LIMIT ?4"
INSERT_SNAPSHOT = put("snapshot", "ws, doc, jid", "state, digest")
SELECT_SNAPSHOTS = """SELECT doc, jid, state, digest FROM snapshot s WHERE ws = ?1 AND jid =
    (SELECT max(jid) FROM snapshot WHERE ws = s.ws AND doc = s.doc AND jid <= ?2)"""
INSERT_BLOB = insert("archive", "ws, sha, content", " ON CONFLICT DO NOTHING")
SELECT_BLOB = "SELECT content FROM archive WHERE ws = ?1 AND sha = ?2"
DELETE_BLOB = "DELETE FROM archive WHERE ws = ?1 AND sha = ?2"

PUT_LANE = put("lane", "ws, lane", "actor, secret_hash, created_at")
SELECT_LANE = f"SELECT {LANE} FROM lane WHERE ws = ?1 AND lane = ?2"
PUT_INBOX = put("inbox", "ws, actor", "upto, open")
# No actor's name is empty: the own row comes before everybody's.
SELECT_INBOX = "SELECT upto, open FROM inbox WHERE ws = ?1 AND actor IN (?2, ?3) ORDER BY actor DESC LIMIT 1"
INSERT_TOKEN = insert("token", TOKEN)
SELECT_TOKEN = f"SELECT {TOKEN} FROM token WHERE id = ?1"
SELECT_TOKENS = f"""SELECT {TOKEN} FROM token WHERE ws = ?1 OR (ws IS NULL AND person IS NULL)
    OR person IN (SELECT person FROM member WHERE ws = ?1 AND role <> '') ORDER BY created_at, id"""
# Looked at each second: one pass over each table inside the database, and one row comes back.
TOKEN_MARK = """SELECT count(*), sum(CASE WHEN revoked THEN 1 ELSE 0 END), count(expires), sum(expires),
    max(created_at), (SELECT count(*) FROM member), (SELECT sum(changes) FROM member) FROM token"""
REVOKE = "UPDATE token SET revoked = true WHERE ws = ?1 AND NOT revoked AND (actor = ?2 OR id = ?3) RETURNING id"
END_KEY = "UPDATE token SET revoked = true WHERE id = ?1 AND NOT revoked"
COUNT_TOKENS = "SELECT count(*) FROM token"
PUT_SWITCH = put("switch", "ws", "is_on, actor, at, reason")
SELECT_SWITCHES = f"SELECT {SWITCH} FROM switch ORDER BY ws"
DELETE_SWITCH = "DELETE FROM switch WHERE ws = ?1 AND at = ?2 AND is_on = ?3"

# ------------------------------------------------------------ people

PUT_PERSON = put("person", "id", PERSON.removeprefix("id, "))
PUT_TOKEN = put("token", "id", TOKEN.removeprefix("id, "))
PUT_LOGIN = put("login", "issuer, subject", LOGIN.removeprefix("issuer, subject, "))
PUT_INVITATION = put("invitation", "id", INVITATION.removeprefix("id, "))
PUT_ACCESS = put("access", "id", ACCESS.removeprefix("id, "))
# However often it is written, a row says that it changed: other servers look at the sum (`TOKEN_MARK`).
PUT_MEMBER = (
    insert("member", MEMBER, " ON CONFLICT (ws, actor) DO UPDATE SET person = excluded.person,")
    + " role = excluded.role, gone = excluded.gone, changes = member.changes + 1"
)
INSERT_PERSON = insert("person", PERSON, " ON CONFLICT DO NOTHING")
# Whose name it is stays: a token for a name that is gone brings back who had it.
BRING_MEMBER = (
    insert("member", MEMBER, " ON CONFLICT (ws, actor) DO UPDATE SET gone = excluded.gone,")
    + " changes = member.changes + 1 WHERE member.gone"
)
DELETE_UNUSED_PERSON = "DELETE FROM person WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM member WHERE person = ?1)"
UPDATE_MEMBER_GONE = """UPDATE member SET gone = true, role = '', changes = changes + 1
    WHERE ws = ?1 AND actor = ?2 AND NOT gone"""
# A member by tokens alone has no role to change; that it changed is to be seen all the same.
UPDATE_MEMBER_ROLE = """UPDATE member SET role = CASE WHEN role = '' THEN '' ELSE ?3 END, changes = changes + 1
    WHERE ws = ?1 AND actor = ?2 AND NOT gone"""
UPDATE_TOKEN_ROLE = "UPDATE token SET role = ?3 WHERE ws = ?1 AND actor = ?2 AND NOT revoked RETURNING id"
UPDATE_SEEN = "UPDATE token SET used_at = ?2, used_from = ?3 WHERE id = ?1"
SELECT_MEMBERS = f"SELECT {MEMBER} FROM member WHERE ws = ?1 ORDER BY actor"
SELECT_MEMBERSHIPS = f"SELECT {MEMBER} FROM member WHERE person = ?1 ORDER BY ws, actor"
SELECT_SESSIONS = f"SELECT {TOKEN} FROM token WHERE person = ?1 AND NOT revoked ORDER BY created_at, id"
SELECT_PERSON = f"SELECT {PERSON} FROM person WHERE id = ?1"
SELECT_PERSONS = f"SELECT {PERSON} FROM person WHERE id IN (SELECT person FROM member WHERE ws = ?1) ORDER BY id"
SELECT_LOGINS = f"""SELECT {LOGIN} FROM login WHERE person = ?1 OR (issuer = ?2 AND subject = ?3)
    ORDER BY issuer, subject"""
SELECT_INVITATIONS = f"SELECT {INVITATION} FROM invitation WHERE ws = ?1 OR id = ?2 ORDER BY created_at DESC, id"
END_INVITATION = "UPDATE invitation SET revoked = true WHERE id = ?1"
USE_INVITATION = """UPDATE invitation SET used = used + 1
    WHERE id = ?1 AND NOT revoked AND used < uses AND expires > ?2 RETURNING ws"""
SELECT_ACCESSES = f"""SELECT {ACCESS} FROM access WHERE (CAST(?1 AS text) IS NULL OR place = ?1)
    AND (CAST(?3 AS text) = '' OR (at, id) < (SELECT at, id FROM access WHERE id = ?3))
    ORDER BY at DESC, id DESC LIMIT ?2"""

# ------------------------------------------------------------ all workspaces at once

_COUNTS = "NOT revoked AND (expires IS NULL OR expires > ?1)"
# Whether nothing is looked for (`overview.pattern`), and else how it is.
_ALL = "CAST(?3 AS text) = '%%'"
_LIKE = "LIKE lower(CAST(?3 AS text)) ESCAPE '!'"
# A name that is gone has no token that counts; who is here by tokens alone has no role.
_MEMBERS = f"""SELECT count(*) FROM member m WHERE m.ws = w.id AND NOT gone AND (m.role <> '' OR m.actor IN
    (SELECT actor{_BY_POINT} FROM token WHERE ws = w.id AND {_COUNTS}))"""
TALLY = "name, at, seq, jid, log_bytes, journal_bytes, snapshot_bytes, facts"
SELECT_LINES = f"""SELECT w.id, w.name, w.created_at, w.epoch,
    coalesce((SELECT max(seq) FROM log WHERE ws = w.id), 0),
    coalesce((SELECT max(jid) FROM journal WHERE ws = w.id), 0),
    coalesce((SELECT at FROM log WHERE ws = w.id ORDER BY seq DESC LIMIT 1), w.created_at), ({_MEMBERS}),
    {", ".join(f"t.{name}" for name in TALLY.split(", "))}
    FROM workspace w LEFT JOIN tally t ON t.ws = w.id WHERE w.id > ?2
    AND ({_ALL} OR lower(w.id) {_LIKE} OR lower(w.name) {_LIKE} OR lower(t.name) {_LIKE}) ORDER BY w.id LIMIT ?4"""
SELECT_OWNERS = f"""SELECT actor FROM member WHERE ws = ?2 AND NOT gone AND (role = 'owner' OR actor IN
    (SELECT actor{_BY_POINT} FROM token WHERE ws = ?2 AND role = 'owner' AND scope = 'all' AND {_COUNTS}))
    ORDER BY actor LIMIT ?3"""
_IN = "FROM member m WHERE m.person = t.person AND NOT m.gone AND m.role <> ''"
# What is told of a person is looked up of the rows that are told alone, not of all that are passed on the way.
_TOKENS = f"""SELECT {TOKEN} FROM token WHERE {_COUNTS}
    AND (CAST(?2 AS text) = '' OR created_at < ?2 OR (created_at = ?2 AND id < ?4))
    AND ({_ALL} OR lower(actor) {_LIKE} OR lower(ws) {_LIKE} OR lower(label) {_LIKE}
        OR person IN (SELECT id FROM person WHERE lower(name) {_LIKE}))
    ORDER BY created_at DESC, id DESC LIMIT ?5"""
SELECT_KEYS = f"""SELECT {", ".join(f"t.{name}" for name in TOKEN.split(", "))}, coalesce(p.name, ''),
    (SELECT count(*) {_IN}), coalesce((SELECT min(m.ws) {_IN}), '')
    FROM ({_TOKENS}) t LEFT JOIN person p ON p.id = t.person ORDER BY t.created_at DESC, t.id DESC"""
COUNT_ALL = f"SELECT (SELECT count(*) FROM workspace), (SELECT count(*) FROM token WHERE {_COUNTS})"
SELECT_NEWEST = f"SELECT {ACCESS} FROM access WHERE place = '' AND act = ?1 ORDER BY at DESC, id DESC LIMIT 1"
# What is packed, and what is not: the second is never more than a few thousand records.
SUM_PACKED = "SELECT coalesce(sum(length(content)), 0) FROM segment WHERE ws = ?1"
SUM_LOG = f"SELECT coalesce(sum({_BODY_BYTES}), 0) FROM log WHERE ws = ?1"
SUM_JOURNAL = """SELECT coalesce(max(jid), ?2), coalesce(sum(size), 0) FROM (SELECT jid, length(content) AS size
    FROM journal WHERE ws = ?1 AND jid > ?2 ORDER BY jid LIMIT ?3) AS part"""
SUM_SNAPSHOTS = "SELECT coalesce(sum(length(state)), 0) FROM snapshot WHERE ws = ?1"
SELECT_UNMEASURED = """SELECT w.id FROM workspace w LEFT JOIN tally t ON t.ws = w.id WHERE t.ws IS NULL
    OR t.jid < coalesce((SELECT max(jid) FROM journal WHERE ws = w.id), 0)
    OR t.seq < coalesce((SELECT max(seq) FROM log WHERE ws = w.id), 0) ORDER BY w.id LIMIT ?1"""
SELECT_TALLY = f"SELECT {TALLY} FROM tally WHERE ws = ?1"
PUT_TALLY = (
    put("tally", "ws", TALLY).removesuffix("facts = excluded.facts")
    + "facts = CASE WHEN excluded.facts = '' THEN tally.facts ELSE excluded.facts END"
)
