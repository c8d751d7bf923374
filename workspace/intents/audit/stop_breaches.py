"""What is in the log though the agent was stopped then: looked at from the log alone, for the audit."""

from __future__ import annotations

from workspace.intents.audit.conditions import Condition
from workspace.intents.model.bodies import (
    CommitBody,
    Deciders,
    DecisionBody,
    EffectBody,
    OracleBody,
    PlanBody,
    VerdictBody,
    VerdictCodes,
)
from workspace.intents.model.intent import Kinds
from workspace.intents.model.record import Record
from workspace.intents.state.fold import WorkspaceState

CONDITION: Condition = "stop"


def defiance(record: Record, fold: WorkspaceState) -> str:
    """Return how a record that is about to be entered goes against a stop, or "".

    What was on its way when the agent was stopped may end under the stop: an effect says which records it knew when it
    left. An undo is a person's act.
    """
    body, stops = record.body, fold.stops
    match body:
        case EffectBody(attempts=attempts, begun=begun) if attempts:
            was = stops.after(begun) if 0 < begun < record.seq else stops.all
            return f"effect {body.i} of {body.commit} left although {_lower(was[0].words)}" if was else ""
        case _ if not stops.is_on:
            return ""
        case PlanBody(plan=name, intents=intents) | CommitBody(commit=name, intents=intents):
            if all(fold.board.entries[id].body.kind == Kinds.UNDO for id in intents[:1]):
                return ""
            return f"{name} is there although {_lower(stops.words)}"
        case OracleBody(opened=opened) if opened is not None:
            return f"{opened.model} was asked although {_lower(stops.words)}"
        case DecisionBody(decision=name, by=Deciders.TIMER):
            return f"{name} was decided by a clock that stood still: {_lower(stops.words)}"
        case VerdictBody(intent=name, code=VerdictCodes.NO_ANSWER):
            return f"{name} ended by a clock that stood still: {_lower(stops.words)}"
        case _:
            return ""


def _lower(words: str) -> str:
    assert words, "a stop says by whom"
    return words[0].lower() + words[1:]
