"""Which transitions of an intent's states (semantics §2) a run took: read from the log and from what was sent."""

from __future__ import annotations

from collections import Counter

import msgspec

from tests.world.world import World

TRANSITIONS = (
    "refused, nothing logged",
    "accepted → queued",
    "accepted → parked",
    "parked → queued",
    "parked → expired (missing updates)",
    "queued → planning",
    "live → cancelled",
    "live → superseded",
    "override from below → held",
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
    "ready → rejected (rule)",
    "ready → done",
    "done, undone later",
    "judge asked",
    "judge failed",
)


def transitions(world: World) -> Counter[str]:
    """Return how often each transition was taken in one run."""
    found: Counter[str] = Counter()
    found["refused, nothing logged"] = sum(len(person.nacks) for person in world.people)
    parked: set[str] = set()
    for id, state in world.people[2].states:
        if state == "parked" and id not in parked:
            parked.add(id)
            found["accepted → parked"] += 1
        elif state == "planning":
            found["queued → planning"] += 1
            if id in parked:
                parked.discard(id)
                found["parked → queued"] += 1
    planned: dict[str, int] = {}
    kinds: dict[str, str] = {}
    asked: set[str] = set()
    for row in world.monitor.rows:
        body = msgspec.json.decode(row.body)
        for name in _of(row.kind, body, planned):
            found[name] += 1
        if row.kind == "intent":
            kinds[body["id"]] = body["kind"]
            found["held → queued (agent answered)"] += body["kind"] == "answer" and body["refs"][0] in asked
        elif row.kind == "oracle" and body["oracle"] == "question":
            asked.add(body["question"]["id"])
        elif row.kind == "commit":
            found["done, undone later"] += kinds[body["intents"][0]] == "undo"
    return found


def _of(kind: str, body: dict[str, object], planned: dict[str, int]) -> list[str]:
    match kind:
        case "intent":
            return ["accepted → queued"]
        case "plan":
            id = str(body["intents"][0])  # type: ignore[index]
            planned[id] = planned.get(id, 0) + 1
            return ["planning → ready", *(["ready → planning (stale, again)"] if planned[id] > 1 else [])]
        case "commit":
            return ["ready → done"]
        case "oracle":
            return _of_oracle(body)
        case "decision":
            return _of_decision(body)
        case "verdict":
            return _of_verdict(body)
        case _:
            return []


def _of_oracle(body: dict[str, object]) -> list[str]:
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
            failed = any(part["opinion"] == "failed" for part in body["judgements"])  # type: ignore[attr-defined]
            return ["judge failed" if failed else "judge asked"]
        case _:
            return []


def _of_decision(body: dict[str, object]) -> list[str]:
    outcomes = set(body["outcome"].values())  # type: ignore[attr-defined]
    if body["layer"] == "rights" and "question" in body:
        return ["override from below → held"]
    if "question" in body:
        return ["ready → held (people asked)"]
    if "of" not in body:
        ends = (("overruled", "ready → overruled"), ("merge", "ready → merged (auto)"))
        return ["ready → decided by policy", *(name for end, name in ends if end in outcomes)]
    names = ["held → ready by deadline" if body["by"] == "timer" else "held → ready by people"]
    return names + [
        f"held → {end}" for end, name in (("overruled", "overruled"), ("merged", "merge")) if name in outcomes
    ]


def _of_verdict(body: dict[str, object]) -> list[str]:
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
        case ("suggested", code):
            name = {"stale": "stale", "human_edit": "human edit"}.get(str(code), "needs approval")
            return [f"ready → suggested ({name})"]
        case ("rejected", "invariant"):
            return ["ready → rejected (rule)"]
        case _:
            return []
