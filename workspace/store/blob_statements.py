"""What the stores ask of either database about files: see `workspace.store.statements` for how it is spelt."""

from __future__ import annotations

from workspace.store.statements import FOR_UPDATE, insert, put

BLOB = "ws, sha, content, size, media, created_at, named_at, gone"
HOLDER = "ws, sha, actor, filename, created_at"
CONTENT = "id, made_in, size, started, is_whole"

PUT_BLOB = put("blob", "ws, sha", BLOB.removeprefix("ws, sha, "))
SELECT_BLOB_ROW = f"SELECT {BLOB} FROM blob WHERE ws = ?1 AND sha = ?2"
LOCK_BLOB_ROW = f"{SELECT_BLOB_ROW}{FOR_UPDATE}"
SELECT_BLOB_ROWS = f"SELECT {BLOB} FROM blob WHERE ws = ?1 AND sha > ?2 AND gone = '' ORDER BY sha LIMIT ?3"
# A file is looked at when its time has come, whichever workspace it is of.
SELECT_IDLE = "SELECT ws, sha FROM blob WHERE gone = '' AND named_at < ?1 ORDER BY named_at LIMIT ?2"
UPDATE_NAMED = "UPDATE blob SET named_at = ?3 WHERE ws = ?1 AND sha = ?2 AND gone = '' AND named_at < ?3"
LOSE_BLOB = "UPDATE blob SET content = '', media = '', gone = ?3 WHERE ws = ?1 AND sha = ?2"
SELECT_TOTALS = """SELECT count(*), coalesce(sum(size), 0), coalesce((SELECT sum(b.size) FROM blob b JOIN blob_holder h
    ON h.ws = b.ws AND h.sha = b.sha WHERE b.ws = ?1 AND b.gone = '' AND h.actor = ?2), 0)
    FROM blob WHERE ws = ?1 AND gone = ''"""

INSERT_HOLDER = insert("blob_holder", HOLDER, " ON CONFLICT DO NOTHING")
SELECT_HOLDERS = f"SELECT {HOLDER} FROM blob_holder WHERE ws = ?1 AND sha = ?2 ORDER BY created_at, actor"
DELETE_HOLDERS = "DELETE FROM blob_holder WHERE ws = ?1 AND sha = ?2"

INSERT_CONTENT = insert("blob_content", CONTENT)
GROW_CONTENT = "UPDATE blob_content SET size = ?3 WHERE id = ?1 AND size = ?2 AND NOT is_whole RETURNING id"
SEAL_CONTENT = "UPDATE blob_content SET is_whole = true WHERE id = ?1 AND size = ?2 AND NOT is_whole RETURNING id"
# Whoever takes a content away, or shares it, holds it: of two who take away its last two names one sees the other's.
LOCK_CONTENT = f"SELECT id FROM blob_content WHERE id = ?1{FOR_UPDATE}"
SELECT_CONTENTS_OF = """SELECT id FROM blob_content WHERE (made_in = ?1 AND NOT is_whole)
    OR id IN (SELECT content FROM blob WHERE ws = ?1 AND gone = '') ORDER BY id"""
SELECT_STALE = "SELECT id FROM blob_content WHERE NOT is_whole AND started < ?1 ORDER BY id LIMIT ?2"
DELETE_UPLOAD = "DELETE FROM blob_content WHERE id = ?1 AND NOT is_whole"
DELETE_UNNAMED = "DELETE FROM blob_content WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM blob WHERE content = ?1)"
DELETE_PIECES = """DELETE FROM blob_piece WHERE content = ?1
    AND NOT EXISTS (SELECT 1 FROM blob_content WHERE id = ?1)"""
INSERT_PIECE = insert("blob_piece", "content, number, octets")
SELECT_PIECE = "SELECT octets FROM blob_piece WHERE content = ?1 AND number = ?2"
