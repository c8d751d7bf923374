"""One example of each kind of answer, as `/openapi.json` tells it: a small workspace about a trip."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args, get_origin

from crdt.digest import Json
from workspace.access import AccessRow
from workspace.http.openapi import blob_answers, board_answers, people_answers, server_answers, workspace_answers
from workspace.intents.audit.time_travel import StateAt
from workspace.intents.audit.verify import Report

MORNING, LATER = "2026-12-01T09:00:00.000Z", "2026-12-01T09:30:00.000Z"
NEXT_WEEK = 1_796_720_400
KEY_ID, SECRET = "0123456789ab", "0123456789abcdef0123456789abcdef"
HASH = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
BLOB_ID = "sha256-2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
WORDS = "set budget.travel to 300"

HALT: Json = {"scope": "workspace", "by": "Ana", "since": MORNING, "reason": "We are at lunch.", "seq": 12}
VERDICT: Json = {"intent": "i7", "state": "done", "code": "done", "reason": "It was done.", "commit": "c9"}
HELD_KEY: Json = {
    "id": KEY_ID, "kind": "token", "actor": "Ana", "role": "owner", "scope": "all", "label": "a bot",
    "created": MORNING, "expires": None, "used": LATER, "from": "192.0.2.7", "own": True,
}  # fmt: skip
INVITATION: Json = {
    "id": KEY_ID, "role": "editor", "uses": 5, "used": 1, "expires": NEXT_WEEK, "by": "Ana", "created": MORNING,
}  # fmt: skip
SERVER: Json = {
    "version": "0.1.0", "database": {"kind": "sqlite", "bytes": 65_536, "schema": 21, "log_format": 3},
    "started": MORNING, "uptime_s": 3_600, "rooms": 1, "sockets": 2, "workspaces": 1, "keys": 1,
    "backup": {"at": MORNING, "by": "operator", "subject": "server", "detail": "server.backup"}, "anchor": None,
    "stopped": False, "stops": [],
}  # fmt: skip
WORKSPACES: Json = {
    "rows": [
        {
            "id": "demo", "name": "Demo", "created": MORNING, "active": LATER, "owners": ["Ana"], "more_owners": False,
            "members": 2, "records": 31, "epoch": 1, "open": True, "sockets": 2,
            "documents": {"living": 2, "archived": 0, "deleted": 0}, "live": 0, "questions": 0, "aside": 0,
            "quarantined": {}, "as_of": 31, "stops": [], "order": None,
            "bytes": {"log": 20_480, "journal": 4_096, "snapshots": 8_192}, "measured": True,
        }
    ],
    "next": None,
}  # fmt: skip
KEYS: Json = {
    "rows": [
        {
            "id": KEY_ID, "kind": "token", "who": "Ana", "ws": "demo", "workspaces": 1, "role": "owner", "scope": "all",
            "label": "", "created": MORNING, "used": LATER, "from": "192.0.2.7", "expires": None, "own": True,
        }
    ],
    "next": None,
}  # fmt: skip
WORKSPACE: Json = {
    "id": "demo", "name": "Demo", "seq": 31, "epoch": 1, "documents": {"plan": "text", "budget": "data"},
    "ids": {"plan": "plan", "budget": "budget"}, "quarantined": {}, "members": {"Ana": "owner", "Ben": "editor"},
    "policy": {"chain": ["priority", "ask", "fair"], "ask_seconds": 60}, "broken": {}, "routes": None,
    "invariants": {"cap": {"rule": "sum_at_most", "doc": "budget", "limit": 1_000}},
    "budget": {"workspace_day": 5, "author_day": None, "intent": None},
    "receivers": {"team": {"kind": "mail", "address": "team@example.org"}}, "stopped": True, "stops": [HALT],
}  # fmt: skip
RIGHTS: Json = {"prices/": [{"role": "viewer", "actor": "Ben"}]}
INTENT_BODY: Json = {
    "id": "i7", "lane": "h:0123456789ab", "n": 1, "kind": "do", "text": WORDS, "seen": 6, "vc": {}, "role": "owner",
    "sha": HASH,
}  # fmt: skip
INTENT: Json = {
    "id": "i7", "seq": 7, "at": LATER, "actor": "Ana", "state": "done", "reason": "It was done.", "waits_for": [],
    "intent": INTENT_BODY, "plan": None, "decisions": [], "commit": "c9", "weak_changed": [], "undone_by": None,
    "verdict": VERDICT,
}  # fmt: skip
INBOX: Json = {
    "intents": [
        {
            "id": "i7", "seq": 7, "at": LATER, "kind": "do", "text": WORDS, "refs": [], "verdict": VERDICT,
            "verdict_seq": 10, "undone_by": "",
        }
    ],
    "more": 0,
}  # fmt: skip
EFFECT: Json = {
    "commit": "c9", "i": 0, "receiver": "team", "class": "irreversible", "args": {"text": "The budget stands."},
    "what": "a mail to team@example.org", "key": "0123456789abcdef", "status": "sent", "detail": "", "attempts": 1,
}  # fmt: skip
COST: Json = {"calls": 2, "in": 3_100, "out": 410, "cached": 1_200, "cost": 0.0154, "seconds": 4.2}
ACCOUNT: Json = {
    "total": COST, "verdicts": {"done": {"intents": 1, "cost": 0.0154, "each": 0.0154}},
    "saved": {"paid": 0.0154, "strongest": 0.06, "saved": 0.0446, "share": 0.7433},
    "failures": {**COST, "calls": 0}, "shadows": {**COST, "calls": 0, "compared": 0, "same_result": 0},
    "by_model": {"a-model": COST}, "by_purpose": {"plan": COST}, "by_author": {"Ana": COST},
    "by_prompt": {"plan": COST}, "by_outcome": {"ok": COST},
    "open": [{"call": "k12", "intent": "i8", "model": "a-model", "reserved": 0.02}],
    "today": {
        "spent": 0.0154, "budget": 5, "authors": {"Ana": 0.0154}, "author_budget": None, "intent_budget": None,
    },
    "intents": [
        {
            "intent": "i7", "author": "Ana", "state": "done", "calls": 2, "cost": 0.0154, "failed": 0, "shadow": 0,
            "strongest": 0.06,
        }
    ],
}  # fmt: skip
CALL: Json = {
    "id": "k8",
    "opened": {
        "intents": ["i7"], "author": "Ana", "purpose": "plan", "prompt": "plan", "prompt_sha": HASH, "request": HASH,
        "tier": "small", "model": "a-model", "reserve": 20_000,
    },
    "closed": {"call": "k8", "outcome": "ok", "cost": 15_400, "latency_ms": 4_200},
    "request": {"model": "a-model", "messages": []}, "response": {"content": []},
}  # fmt: skip
TELLING: Json = {
    "intent": "i7", "actor": "Ana", "role": "owner", "text": WORDS, "seen": 6, "seq": 7, "at": LATER, "state": "done",
}  # fmt: skip
ATTRIBUTION: Json = {
    "document": "budget", "seq": 31,
    "stretches": [{"text": "300", "by": "agent", "seq": 9, "commit": "c9", "told": [TELLING]}],
}  # fmt: skip
RECORD: Json = {
    "type": "record", "seq": 7, "epoch": 1, "kind": "intent", "at": LATER, "actor": "Ana", "body": INTENT_BODY,
    "prev": HASH, "hash": HASH,
}  # fmt: skip
REPORT: Json = {"ok": True, "head": 31, "checked": 31, "states": 4}

BLOB: Json = {
    "id": BLOB_ID, "reference": f"blob:{BLOB_ID}", "size": 48_213, "media": "image/png", "created_at": MORNING,
    "by": [{"actor": "Ana", "filename": "camp.png", "at": MORNING}],
}  # fmt: skip
SPACE: Json = {
    "files": 1, "files_max": 10_000, "bytes": 48_213, "bytes_max": 1 << 30, "own": 48_213, "own_max": 1 << 28,
    "file_max": 1 << 26,
}  # fmt: skip
EXAMPLES: Mapping[type, Json] = {
    blob_answers.BlobNow: BLOB,
    blob_answers.BlobPage: {"blobs": [{**BLOB, "named": True}], "next": None, "space": SPACE},
    blob_answers.BlobDeleted: {"id": BLOB_ID, "deleted": True},
    people_answers.Me: {
        "actor": "Ana", "role": "owner", "scope": "all", "ws": "demo", "planner": "builtin", "name": "Ana",
        "colour": "#336699",
    },
    people_answers.Profile: {"name": "Ana", "colour": "#336699"},
    people_answers.HeldKey: HELD_KEY,
    people_answers.Ended: {"ended": [KEY_ID]},
    people_answers.SignInWays: {"oidc": "Example"},
    people_answers.Offer: {
        "ws": "demo", "name": "Demo", "role": "editor", "by": "Ana", "expires": NEXT_WEEK, "known": None,
        "member": False,
    },
    people_answers.Membership: {"ws": "demo", "actor": "Ben", "role": "editor"},
    people_answers.MemberNow: {"actor": "Ana", "role": "owner", "since": MORNING, "colour": "#336699", "own": True},
    people_answers.HeldRole: {"actor": "Ben", "role": "editor"},
    people_answers.MadeToken: {"token": f"fm_{KEY_ID}_{SECRET}", "actor": "Ben", "role": "editor", "scope": "all"},
    people_answers.MadeLink: {"token": f"fm_{KEY_ID}_{SECRET}", "actor": "Ben", "role": "editor"},
    people_answers.RotatedToken: {"token": f"fm_{KEY_ID}_{SECRET}"},
    people_answers.Revoked: {"revoked": [KEY_ID]},
    people_answers.Invitation: INVITATION,
    people_answers.MadeInvitation: {"invitation": f"fi_{KEY_ID}_{SECRET}", **INVITATION},
    AccessRow: {
        "id": KEY_ID, "place": "demo", "at": MORNING, "by": "Ana", "act": "token", "subject": "Ben", "detail": "editor",
    },
    server_answers.StopsNow: {"stopped": True, "stops": [HALT]},
    server_answers.WholeServer: {"server": SERVER, "workspaces": WORKSPACES, "sessions": KEYS},
    server_answers.WorkspacePage: WORKSPACES,
    server_answers.KeyPage: KEYS,
    workspace_answers.WorkspaceName: {"id": "demo", "name": "Demo"},
    workspace_answers.WorkspaceNow: WORKSPACE,
    workspace_answers.DocumentLine: {
        "name": "plan", "kind": "text", "id": "plan", "state": "archived", "by": "Ana", "since": LATER, "seq": 30,
    },
    workspace_answers.MadeDocument: {"name": "plan", "kind": "text"},
    workspace_answers.DocumentContent: {
        "name": "budget", "kind": "data", "seq": 31, "value": {"travel": 300}, "digest": HASH,
    },
    workspace_answers.Attribution: ATTRIBUTION,
    workspace_answers.RightsNow: {
        "places": RIGHTS, "here": {"document": "plan", "id": "plan", "role": "owner", "reason": "", "agent": ""},
    },
    workspace_answers.GivenRights: {"places": RIGHTS, "notes": []},
    workspace_answers.LogLine: RECORD,
    workspace_answers.Redacted: {"intent": "i7", "records": 2},
    workspace_answers.Replayed: {"mode": "audit", "decisions": {"decided": 3, "same": 3}, "report": REPORT},
    Report: REPORT,
    StateAt: {"intent": "i7", "seq": 7, "actor": "Ana", "text": WORDS, "state": "queued"},
    board_answers.TakenIntent: {"n": 1, "id": "i7", "seq": 7, "state": "done", "verdict": VERDICT},
    board_answers.IntentNow: INTENT,
    board_answers.OwnInbox: INBOX,
    board_answers.SentEffect: EFFECT,
    board_answers.Account: ACCOUNT,
    board_answers.CallNow: CALL,
}  # fmt: skip


def example_of(kind: Any) -> Json:
    """Return the example of a kind of answer; of a list it is one of one."""
    return [EXAMPLES[get_args(kind)[0]]] if get_origin(kind) is list else EXAMPLES[kind]
