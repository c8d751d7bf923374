"""What people have allowed one intent, read from the decisions about it: what it may send, whose edits it may replace.

What it may do outside its scope is said in `fence.py`. The sequencer asks by these, an audit checks by them.
"""

from __future__ import annotations

from crdt.digest import Json
from workspace.intents.model.bodies import DecisionBody
from workspace.intents.state.board import Entry


def approved(entry: Entry) -> set[Json]:
    """Return the digests of what somebody has allowed an intent to send."""
    decided = [one for one in entry.decisions if one.layer == "effects" and one.outcome.get(entry.id) == "run"]
    return {decision.evidence.get("digest") for decision in decided}


def allowed_over(entry: Entry) -> set[int]:
    """Return the records of human edits that somebody decided an intent may overwrite."""
    decided = [one for one in entry.decisions if one.layer == "E" and one.outcome.get(entry.id) == "run"]
    return {int(str(edit[0])) for decision in decided for edit in edits_of(decision)}


def edits_of(decision: DecisionBody) -> list[list[Json]]:
    """Return the human edits that a decision is about, each as `[seq, actor, doc]`."""
    found = decision.evidence.get("edits")
    return [edit for edit in found if isinstance(edit, list)] if isinstance(found, list) else []
