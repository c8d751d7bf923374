"""At most two tries: what made a turn raise, or was under way when the server died, is in the log and then ends.

A turn that raises leaves nothing behind but a `turn_failed` record about the intent it was working on. An intent whose
call to a model was open when the server died gets one as well: whether the call or the chance of the moment ended the
process, nobody can tell. A call that is answered shows that it was not this one, so only tries without any count.
"""

from __future__ import annotations

from typing import Literal

from workspace.intents.model.bodies import OracleBody, VerdictBody
from workspace.intents.model.events import (
    CallEnded,
    CallOpening,
    Drafted,
    Edited,
    Event,
    Judged,
    MergeProposed,
    PlanFailed,
    Proposed,
    ShadowCompared,
    Stepped,
    ToolDenied,
)
from workspace.intents.state.fold import WorkspaceState
from workspace.intents.steps.kernel_state import KernelState
from workspace.intents.steps.turn import AGENT, Turn

TRIES_MAX = 2
REASON_POINTS_MAX = 300
Failure = Literal["raised", "lost"]


def subject_of(event: Event, fold: WorkspaceState) -> str:
    """Return the intent that an event is about, or ""."""
    match event:
        case Edited():
            return ""
        case Proposed() | PlanFailed() | Drafted() | Stepped() | ToolDenied() | ShadowCompared():
            return event.intent
        case CallOpening():
            return event.opened.intents[0]
        case CallEnded():
            kept = fold.usage.opened.get(event.closed.call)
            return kept[1].intents[0] if kept is not None else ""
        case Judged():
            return event.task.pairs[0][0]
        case MergeProposed():
            return event.merged.group[0]
        case _:
            return ""


def failure(intent: str, kind: Failure, reason: str) -> OracleBody:
    """Return the body of the record that counts one try of an intent."""
    assert intent, "a try is somebody's"
    return OracleBody(oracle="turn_failed", intent=intent, code=kind, reason=reason[:REASON_POINTS_MAX])


def end_failed(kernel: KernelState, turn: Turn) -> None:
    """End every intent that has had its tries, as the workspace opens: nothing is tried or paid a third time."""
    for entry in kernel.live():
        # Decision 76: data may stop a room once; met a second time it is the intent's end, guilty or not.
        if entry.is_live and entry.tries >= TRIES_MAX:
            turn.verdict(
                VerdictBody(
                    intent=entry.id,
                    state="failed",
                    code="internal",
                    reason=f"The server failed {entry.tries} times while it worked on this, and has given up.",
                    remedy="Nothing was changed. Ask in other words, or ask the owner to look at the log.",
                    can=("override",),
                ),
                AGENT,
            )
