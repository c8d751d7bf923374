"""Which transitions of an intent's states (semantics §2) a run took: read from the log and from what was sent.

One row of the table is left out: `planning → planning`, an early abort when a strong reading changes. Decision 50 is
against it: a plan that no longer holds is found out when it is ready, and planned again then. Below the table's rows
stand other things that a run must have met: effects and their ends, kept states, packed segments, lulls.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import msgspec

from tests.world.scale import SEGMENT_RECORDS
from tests.world.world import World

RUNNING = frozenset({"do", "override", "approve", "undo"})
DAY = 86_400.0

TRANSITIONS = (
    "refused, nothing logged",
    "accepted → queued",
    "accepted → parked",
    "parked → queued",
    "parked → expired (missing updates)",
    "parked → expired (author away for a day)",
    "queued → planning",
    "live → cancelled",
    "live → superseded",
    "override from below → held",
    "override from below, allowed",
    "override from below, refused",
    "live → expired (deadline)",
    "planning → ready",
    "planning → queued (planner failed)",
    "planning → failed",
    "planning → rejected (planner refused)",
    "planning → held (agent asks)",
    "held → queued (agent answered)",
    "held → expired (nobody answered the agent)",
    "live → queued (steered)",
    "ready → held (people asked)",
    "ready → decided by policy",
    "held → ready by people",
    "held → ready by deadline",
    "held → overruled",
    "ready → overruled",
    "held → merged",
    "ready → merged (auto)",
    "ready → planning (stale, again)",
    "ready → suggested (stale)",
    "ready → suggested (human edit)",
    "ready → suggested (needs approval)",
    "held → suggested (human edit, asked)",
    "ready → branched",
    "held → branched",
    "ready → rejected (rule)",
    "ready → settled (rule, several together)",
    "ready → rejected (expectation)",
    "planned → held (outside its scope)",
    "held → ready (outside its scope)",
    "held → suggested (outside its scope)",
    "held → rejected (outside its scope)",
    "joined → queued (not served)",
    "ready → held (effects to approve)",
    "held → rejected (effects not approved)",
    "ready → done",
    "ready → done, effects in the outbox",
    "done, undone later",
    "judge asked",
    "judge failed",
    "effect sent",
    "effect failed",
    "effect unknown",
    "checkpoint with kept states",
    "segment packed",
    "lull, all alike",
    "document at rest",
    "other words under a taken number",
    "approved by two",
    "cancel of two",
    "agent stopped by the workspace's switch",
    "agent stopped by the server's switch",
    "agent goes on",
    "questions given the time they had left",
    "undone while the agent is stopped",
    "document renamed by hand",
    "document renamed by the agent",
    "document put away by hand",
    "document put away by the agent",
    "document restored by hand",
    "act on a document refused over HTTP",
    "ready → suggested (act beyond rights)",
    "rejected (its document was put away)",
    "rules of rights given",
    "an edit refused by a rule",
    "refused by a rule, nothing logged",
    "live → rejected (may only read there)",
    "live → rejected (the agent may not there)",
)


def transitions(world: World) -> Counter[str]:
    """Return how often each transition was taken in one run."""
    found: Counter[str] = Counter()
    codes = [code for person in world.people for _, code in person.nacks]
    found["refused, nothing logged"] = len(codes)
    found["other words under a taken number"] = codes.count("equivocation")
    found["refused by a rule, nothing logged"] = codes.count("document_read_only")
    found["an edit refused by a rule"] = sum(person.voided for person in world.people)
    found["checkpoint with kept states"] = world.monitor.kept.states
    found["segment packed"] = world.disk.packed // SEGMENT_RECORDS
    found["lull, all alike"] = world.lulls
    found["document at rest"] = world.rests
    for act, count in world.monitor.papers.counts.items():
        do, _, way = act.partition(" ")
        name = {"rename": "renamed", "restore": "restored"}.get(do, "put away")
        found[f"document {name} {way}"] += count
    found["act on a document refused over HTTP"] = sum(400 <= status < 500 for status in world.librarian.answers)
    parked = _parked(world, found)
    planned: dict[str, int] = {}
    kinds: dict[str, str] = {}
    begun: dict[str, float] = {}
    asked: set[str] = set()
    joined: dict[str, set[str]] = {}
    stopped: set[str] = set()
    for row in world.monitor.rows:
        body = msgspec.json.decode(row.body)
        for name in _of(row.kind, body, planned):
            found[name] += 1
        if row.kind == "intent":
            kinds[body["id"]] = body["kind"]
            begun[body["id"]] = _seconds(row.at)
            is_first = body["kind"] in RUNNING and body["id"] not in parked
            found["accepted → queued"] += is_first
            found["held → queued (agent answered)"] += body["kind"] == "answer" and body["refs"][0] in asked
            found["cancel of two"] += body["kind"] == "cancel" and len(set(body["refs"])) > 1
        elif row.kind == "verdict" and body["code"] == "missing_updates":
            found["parked → expired (author away for a day)"] += _seconds(row.at) - begun[body["intent"]] > DAY
        elif row.kind == "verdict":
            found["approved by two"] += body["code"] == "already_approved"
        elif row.kind == "oracle" and body["oracle"] == "steered":
            joined.setdefault(body["intent"], set()).add(body["source"])
        elif row.kind == "plan":
            left = joined.pop(body["intents"][0], set()) - set(body.get("serves") or ())
            found["joined → queued (not served)"] += bool(left)
        elif row.kind == "oracle" and body["oracle"] == "question":
            asked.add(body["question"]["id"])
        elif row.kind == "commit":
            found["done, undone later"] += kinds[body["intents"][0]] == "undo"
            found["undone while the agent is stopped"] += bool(stopped)
        elif row.kind == "config" and body.get("rights"):
            found["rules of rights given"] += 1
        elif row.kind == "config" and "switch" in body:
            _switched(body["switch"], stopped, found)
    return found


def _switched(switch: dict[str, Any], stopped: set[str], found: Counter[str]) -> None:
    found[f"agent stopped by the {switch['scope']}'s switch"] += switch["on"]
    found["agent goes on"] += not switch["on"] and stopped == {switch["scope"]}
    found["questions given the time they had left"] += bool(switch.get("deadlines"))
    (stopped.add if switch["on"] else stopped.discard)(switch["scope"])


def _of(kind: str, body: dict[str, Any], planned: dict[str, int]) -> list[str]:
    match kind:
        case "plan":
            id = str(body["intents"][0])
            planned[id] = planned.get(id, 0) + 1
            return ["planning → ready", *(["ready → planning (stale, again)"] if planned[id] > 1 else [])]
        case "commit":
            return ["ready → done", *(["ready → done, effects in the outbox"] if body["effects"] else [])]
        case "effect":
            return [f"effect {body['status']}"]
        case "oracle":
            return _of_oracle(body)
        case "decision":
            return _of_decision(body)
        case "verdict":
            return _of_verdict(body)
        case _:
            return []


def _of_oracle(body: dict[str, Any]) -> list[str]:
    match body["oracle"]:
        case "planner_failed":
            return ["planning → queued (planner failed)"]
        case "planner_refused":
            return ["planning → rejected (planner refused)"]
        case "question":
            return ["planning → held (agent asks)"]
        case "steered":
            return ["live → queued (steered)"]
        case "judged":
            failed = any(part["opinion"] == "failed" for part in body["judgements"])
            return ["judge failed" if failed else "judge asked"]
        case _:
            return []


def _of_decision(body: dict[str, Any]) -> list[str]:
    outcomes, is_open = set(body["outcome"].values()), "question" in body
    match (body["layer"], is_open, "of" in body):
        case ("rights", True, _):
            return ["override from below → held"]
        case ("rights", _, _):
            return [f"override from below, {'allowed' if body['outcome'][body['group'][1]] == 'run' else 'refused'}"]
        case ("scope", True, _):
            return ["planned → held (outside its scope)"]
        case ("scope", _, _) if body["policy"] != "changed@1":
            ends = {"run": "ready", "suggested": "suggested", "refused": "rejected"}
            return [f"held → {ends[end]} (outside its scope)" for end in sorted(outcomes & ends.keys())]
        case ("effects", True, _):
            return ["ready → held (effects to approve)"]
        case ("effects", _, _):
            return ["held → rejected (effects not approved)"] if "refused" in outcomes else []
        case (_, _, True) if body["policy"] == "changed@1":
            return ["held → queued (question taken back)"]
        case ("E", False, True) if "suggested" in outcomes:
            return ["held → suggested (human edit, asked)"]
        case (layer, _, False):
            together = ["ready → settled (rule, several together)"] if layer == "L4" else []
            if is_open:
                return ["ready → held (people asked)", *together]
            ends = (("overruled", "overruled"), ("merge", "merged (auto)"), ("branch", "branched"))
            return ["ready → decided by policy", *together, *(f"ready → {to}" for end, to in ends if end in outcomes)]
        case _:
            names = ["held → ready by deadline" if body["by"] == "timer" else "held → ready by people"]
            ends = (("overruled", "overruled"), ("merge", "merged"), ("branch", "branched"))
            return names + [f"held → {to}" for end, to in ends if end in outcomes]


def _of_verdict(body: dict[str, Any]) -> list[str]:
    match (body["state"], body["code"]):
        case ("cancelled", _):
            return ["live → cancelled"]
        case ("superseded", _):
            return ["live → superseded"]
        case ("expired", "missing_updates"):
            return ["parked → expired (missing updates)"]
        case ("expired", "deadline"):
            return ["live → expired (deadline)"]
        case ("expired", "no_answer"):
            return ["held → expired (nobody answered the agent)"]
        case ("failed", _):
            return ["planning → failed"]
        case ("suggested", _) if " may suggest to " in body["reason"]:
            return ["ready → suggested (act beyond rights)"]
        case ("suggested", code):
            name = {"stale": "stale", "human_edit": "human edit"}.get(str(code), "needs approval")
            return [f"ready → suggested ({name})"]
        case ("rejected", "invariant"):
            return ["ready → rejected (rule)"]
        case ("rejected", "document_archived" | "document_deleted"):
            return ["rejected (its document was put away)"]
        case ("rejected", "document_read_only"):
            return ["live → rejected (may only read there)"]
        case ("rejected", "agent_denied"):
            return ["live → rejected (the agent may not there)"]
        case ("rejected", "expectation"):
            return ["ready → rejected (expectation)"]
        case _:
            return []


def _parked(world: World, found: Counter[str]) -> set[str]:
    """Count what only the people's screens tell: who was parked, who was being planned. Return who was parked."""
    parked = {id for person in world.people for id, state in person.states if state == "parked"}
    found["accepted → parked"] = len(parked)
    waiting = set(parked)
    for id, state in world.people[2].states:
        if state == "planning":
            found["queued → planning"] += 1
            found["parked → queued"] += id in waiting
            waiting.discard(id)
    return parked


def _seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()
